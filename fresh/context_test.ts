import assert from "node:assert/strict";
import { App } from "./mod.ts";
import type { Context } from "./context.ts";

function answer(
  handle: (ctx: Context<unknown>) => Response,
  init?: RequestInit,
): Promise<Response> {
  const app = new App().get("/", handle);
  return app.handler()(new Request("http://localhost/", init));
}

Deno.test("ctx.redirect() never leaves the site by a path", async () => {
  const cases = {
    "//evil.example/a": "/evil.example/a",
    "/a//b?next=//c": "/a/b?next=//c",
    "/\\evil": "/\\evil",
    "a": "a",
    "https://example.com//a": "https://example.com//a",
  };
  for (const [path, location] of Object.entries(cases)) {
    const response = await answer((ctx) => ctx.redirect(path));
    assert.equal(response.status, 302);
    assert.equal(response.headers.get("location"), location);
  }
});

Deno.test("ctx.text(), html() and json() set their content types", async () => {
  const types = await Promise.all([
    answer((ctx) => ctx.text("a")),
    answer((ctx) => ctx.html("<p>a</p>", { headers: { "X-A": "b" } })),
    answer((ctx) => ctx.json({ a: 1 })),
  ]);
  assert.deepEqual(types.map((each) => each.headers.get("Content-Type")), [
    "text/plain;charset=UTF-8",
    "text/html; charset=utf-8",
    "application/json",
  ]);
  assert.equal(types[1].headers.get("X-A"), "b");
});

Deno.test("ctx.stream() sends each piece and ends with its reader", async () => {
  let isEnded = false;
  async function* events() {
    try {
      for (let i = 0;; i++) yield `data: ${await Promise.resolve(i)}\n\n`;
    } finally {
      isEnded = true;
    }
  }
  const response = await answer((ctx) => ctx.stream(events));
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "data: 0\n\n");
  await reader.cancel();
  assert.ok(isEnded);
});

Deno.test("ctx.upgrade() refuses what is no WebSocket request", async () => {
  const response = await answer((ctx) => ctx.upgrade().response);
  assert.equal(response.status, 400);
});
