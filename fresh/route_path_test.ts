import assert from "node:assert/strict";
import { compareRoutes, folderSegment, routePattern } from "./route_path.ts";

Deno.test("routePattern() turns file names into URL patterns", () => {
  const cases = {
    "index": "/",
    "about": "/about",
    "items/index": "/items",
    "items/[id]": "/items/:id",
    "items/[id]-[part]": "/items/:id-:part",
    "docs/[...path]": "/docs/:path*",
    "[[page]]": "/{:page}?",
    "blog/[[page]]": "/blog{/:page}?",
    "(group)/index": "/",
    "(group)/a/(other)/b": "/a/b",
  };
  for (const [path, pattern] of Object.entries(cases)) {
    assert.equal(routePattern(path), pattern, path);
  }
});

Deno.test("routePattern() makes patterns that match as their names say", () => {
  const matches = (path: string, url: string) =>
    new URLPattern({ pathname: routePattern(path) }).test({ pathname: url });
  assert.ok(matches("[[page]]", "/"));
  assert.ok(matches("[[page]]", "/2"));
  assert.ok(!matches("[[page]]", "/2/3"));
  assert.ok(matches("blog/[[page]]", "/blog"));
  assert.ok(matches("docs/[...path]", "/docs/a/b"));
  assert.ok(!matches("items/[id]", "/items/1/2"));
});

Deno.test("routePattern() refuses two parameters side by side", () => {
  assert.throws(() => routePattern("[a][b]"), SyntaxError);
});

Deno.test("folderSegment() keeps groups, which have their own wrappers", () => {
  assert.equal(folderSegment("(group)/items/[id]"), "/(group)/items/:id");
});

Deno.test("compareRoutes() puts the narrower pattern first", () => {
  const sorted = [
    "[...rest]",
    "items/[id]",
    "items/[...rest]",
    "items/(group)/new",
    "[page]",
  ].sort(compareRoutes);
  assert.deepEqual(sorted, [
    "items/(group)/new",
    "items/[id]",
    "items/[...rest]",
    "[page]",
    "[...rest]",
  ]);
});
