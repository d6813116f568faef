import assert from "node:assert/strict";
import { Router } from "./router.ts";

const urlOf = (path: string) => new URL(path, "http://localhost");

Deno.test("Router finds an exact path before a pattern added earlier", () => {
  const router = new Router<string>();
  router.add("GET", "/items/:id", "pattern");
  router.add("GET", "/items/new", "exact");
  assert.equal(router.match("GET", urlOf("/items/new")).item, "exact");
  assert.equal(router.match("GET", urlOf("/items/7")).item, "pattern");
});

Deno.test("Router keeps the first registration of a path and method", () => {
  const router = new Router<string>();
  router.add("GET", "/a", "first");
  router.add("ALL", "/a", "second");
  assert.equal(router.match("GET", urlOf("/a")).item, "first");
  assert.equal(router.match("POST", urlOf("/a")).item, "second");
});

Deno.test("Router answers HEAD by GET, and by its own entry if there is one", () => {
  const router = new Router<string>();
  router.add("GET", "/a", "get");
  assert.equal(router.match("HEAD", urlOf("/a")).item, "get");
  router.add("HEAD", "/a", "head");
  assert.equal(router.match("HEAD", urlOf("/a")).item, "head");
});

Deno.test("Router names the pattern although the method is missing", () => {
  const router = new Router<string>();
  router.add("POST", "/a", "post");
  const match = router.match("GET", urlOf("/a"));
  assert.equal(match.item, null);
  assert.equal(match.pattern, "/a");
  assert.deepEqual(match.methods, ["POST"]);
});

Deno.test("Router takes a path with and without a slash at its end", () => {
  const router = new Router<string>();
  router.add("GET", "/a", "a");
  assert.equal(router.match("GET", urlOf("/a/")).item, "a");
  assert.equal(router.match("GET", urlOf("/a/b")).item, null);
});

Deno.test("Router decodes parameters but never lets one gain a slash", () => {
  const router = new Router<string>();
  router.add("GET", "/s/:name", "s");
  const param = (path: string) => router.match("GET", urlOf(path)).params.name;
  assert.equal(param("/s/a%20b"), "a b");
  assert.equal(param("/s/a%2Fb"), "a%2Fb");
  assert.equal(param("/s/%E0%A4%A"), "%E0%A4%A");
});

Deno.test("Router holds no parameter that the pattern does not name", () => {
  const router = new Router<string>();
  router.add("GET", "/s/:name", "s");
  const { params } = router.match("GET", urlOf("/s/a"));
  assert.equal(params["constructor"], undefined);
});
