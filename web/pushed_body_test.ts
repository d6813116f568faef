import assert from "node:assert/strict";
import { nextTurn } from "../pipeline/next_turn.ts";
import {
  type BodySink,
  type BodySource,
  pushedBody,
  sourceOf,
} from "./pushed_body.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A source that notes what it is told. */
function noting() {
  const told: string[] = [];
  let sink: BodySink | null = null;
  const source: BodySource = {
    begin(own) {
      told.push("begin");
      sink = own;
    },
    drained: () => void told.push("drained"),
    gone: () => void told.push("gone"),
  };
  return { source, told, sink: () => sink! };
}

Deno.test("a pushed body is known by its source, through other responses too", () => {
  const { source } = noting();
  const first = new Response(pushedBody(source));
  const second = new Response(first.body, { headers: { "X-Of": "another" } });
  assert.equal(sourceOf(second.body!), source);
  assert.equal(sourceOf(new Response("text").body!), null);
});

Deno.test("whoever reads a pushed body gets what is written, as it is asked for", async () => {
  const { source, told, sink } = noting();
  const reader = pushedBody(source).getReader();
  assert.deepEqual(told, []);
  const first = reader.read();
  await nextTurn();
  assert.deepEqual(told, ["begin"]);
  assert.equal(sink().write([bytes("a"), bytes("b")]), false);
  assert.deepEqual((await first).value, bytes("a"));
  assert.deepEqual((await reader.read()).value, bytes("b"));
  const third = reader.read();
  await nextTurn();
  assert.deepEqual(told, ["begin", "drained"]);
  sink().end();
  assert.equal((await third).done, true);
});

Deno.test("a pushed body that is cut rejects, one that nobody wants is told so", async () => {
  const cut = noting();
  const read = pushedBody(cut.source).getReader().read();
  await nextTurn();
  cut.sink().cut(new Error("too slow"));
  await assert.rejects(read, /too slow/);

  const left = noting();
  await pushedBody(left.source).cancel();
  assert.deepEqual(left.told, ["gone"]);
});
