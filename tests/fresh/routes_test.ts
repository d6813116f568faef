import assert from "node:assert/strict";
import { App, staticFiles } from "fresh";
import { setProjectRoot } from "../../fresh/project.ts";

setProjectRoot(new URL("./fixture/", import.meta.url));
const handler = new App().use(staticFiles()).fsRoutes().handler();

async function ask(path: string, init?: RequestInit) {
  const response = await handler(new Request("http://localhost" + path, init));
  const { status, headers } = response;
  return { status, headers, text: await response.text() };
}

Deno.test("a file's page is inside the app, the middlewares run first", async () => {
  const { status, text } = await ask("/plain");
  assert.equal(status, 200);
  assert.match(text, /<html lang="en">.*<body><p>root<\/p><\/body>/);
});

Deno.test("a group has its own wrappers and no part in the URL", async () => {
  const { text } = await ask("/grouped");
  assert.match(text, /<div class="group"><p>root group<\/p><\/div>/);
  assert.equal((await ask("/(group)/grouped")).status, 404);
});

Deno.test("a page's head goes into the app's head", async () => {
  const { text } = await ask("/");
  assert.match(text, /<head>.*<title>Home<\/title>.*"robots".*<\/head>/);
  assert.doesNotMatch(text, /Fixture|<script/);
});

Deno.test("an exact file wins over one with a parameter", async () => {
  assert.equal((await ask("/items/new")).text, "new");
  assert.deepEqual(JSON.parse((await ask("/items/7")).text), {
    id: "7",
    route: "/items/:id",
  });
});

Deno.test("a file without a handler for the method is not found", async () => {
  assert.equal((await ask("/items/7", { method: "POST" })).status, 404);
  assert.equal((await ask("/items/7", { method: "HEAD" })).status, 200);
});

Deno.test("a file may override its route", async () => {
  assert.equal((await ask("/x/1/2")).text, '{"a":"1","b":"2"}');
  assert.equal((await ask("/override")).status, 404);
});

Deno.test("_404 answers what is not there, and what says it is not", async () => {
  for (const path of ["/nowhere", "/items/none", "/plain/x", "/_app"]) {
    const { status, text } = await ask(path);
    assert.equal(status, 404, path);
    assert.match(text, /<p>lost<\/p>/, path);
  }
});

Deno.test("_error answers for its folder and tells nothing of the error", async () => {
  const { error } = console;
  console.error = () => {};
  try {
    const { status, text } = await ask("/fails");
    assert.equal(status, 500);
    assert.match(text, /<body><p>failed<\/p><\/body>/);
    assert.doesNotMatch(text, /secret/);
  } finally {
    console.error = error;
  }
});

Deno.test("islands are those of islands/, at any depth, and of (_islands)", async () => {
  const { text } = await ask("/local");
  assert.match(text, /<!--island:0--><b>local<\/b><!--\/island-->/);
  assert.match(text, /<!--island:1--><time>1970-.*<\/time><!--\/island-->/);
});

Deno.test("a static file is revalidated by its ETag", async () => {
  const first = await ask("/style.css");
  assert.equal(first.status, 200);
  assert.equal(first.headers.get("Content-Type"), "text/css; charset=utf-8");
  assert.equal(first.headers.get("Cache-Control"), "no-cache");
  const etag = first.headers.get("ETag")!;
  for (const known of [etag, etag.slice(2), `"other", ${etag}`]) {
    const headers = { "If-None-Match": known };
    const { status, text } = await ask("/style.css", { headers });
    assert.deepEqual([status, text], [304, ""]);
  }
  const headers = { "If-None-Match": 'W/"other"' };
  assert.equal((await ask("/style.css", { headers })).status, 200);
});

Deno.test("a static file is immutable under this build's id only", async () => {
  const { asset } = await import("fresh/runtime");
  const own = await ask(asset("/style.css"));
  assert.match(
    own.headers.get("Cache-Control")!,
    /max-age=31536000, immutable/,
  );
  const other = await ask("/style.css?__frsh_c=other");
  assert.equal(other.status, 307);
  assert.equal(other.headers.get("location"), "/style.css");
});

Deno.test("a static file is read by GET and HEAD only", async () => {
  const head = await ask("/style.css", { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [200, ""]);
  assert.equal((await ask("/style.css", { method: "POST" })).status, 405);
  assert.equal((await ask("/sub/a%20file.txt")).text, "a file\n");
});

Deno.test("no URL leads out of static/", async () => {
  const paths = [
    "/../outside.txt",
    "/%2e%2e/outside.txt",
    "/sub/..%2f..%2foutside.txt",
    "/..%5coutside.txt",
    "/%252e%252e/outside.txt",
    "//outside.txt",
    "/style.css%00.txt",
    "/link.txt",
    "/.hidden",
    "/sub/",
    "/_fresh/js/../../../outside.txt",
    "/%E0%A4%A",
  ];
  for (const path of paths) {
    const { status, text } = await ask(path);
    assert.equal(status, 404, path);
    assert.doesNotMatch(text, /not served|hidden/, path);
  }
});

Deno.test("a missing icon is answered without a page", async () => {
  const { status, text } = await ask("/favicon.ico");
  assert.deepEqual([status, text], [404, ""]);
});
