import assert from "node:assert/strict";
import { listenerOf, tickLine } from "./first_lines.ts";

Deno.test("ticks are sent to the first listener, by an address that can be called", () => {
  assert.equal(listenerOf([]), null);
  assert.equal(listenerOf(["tcp://a:1"]), null);
  assert.equal(listenerOf(["tcp://a:1", "listen://10.0.0.1:9"]), "10.0.0.1:9");
  assert.equal(listenerOf(["listen://0.0.0.0:9101"]), "127.0.0.1:9101");
  assert.equal(listenerOf(["listen://[::1]:9101"]), "[::1]:9101");
});

Deno.test("a line to paste has the address as nc wants it", () => {
  assert.match(tickLine("[::1]:9", "A", false).line, /\| nc -q1 ::1 9$/);
});
