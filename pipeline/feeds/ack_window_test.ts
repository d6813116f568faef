import assert from "node:assert/strict";
import { AckWindow } from "./ack_window.ts";

Deno.test("AckWindow has room for what the acks have freed", () => {
  const window = new AckWindow(100);
  window.add(10, 60);
  assert.equal(window.hasRoom(40), true);
  assert.equal(window.hasRoom(41), false);
  window.add(20, 40);
  window.ack(9);
  assert.equal(window.hasRoom(1), false, "a chunk counts until its end");
  window.ack(10);
  assert.equal(window.hasRoom(60), true);
  window.ack(25);
  assert.equal(window.hasRoom(100), true);
});

Deno.test("AckWindow lets one chunk through that is larger than it", () => {
  const window = new AckWindow(100);
  assert.equal(window.hasRoom(1_000), true);
  window.add(1, 1_000);
  assert.equal(window.hasRoom(1), false);
});

Deno.test("AckWindow forgets what is sent again", () => {
  const window = new AckWindow(100);
  window.add(10, 30);
  window.add(20, 30);
  window.add(30, 30);
  window.rewind(15);
  assert.equal(window.hasRoom(70), true);
  assert.equal(window.hasRoom(71), false);
  window.ack(10);
  assert.equal(window.hasRoom(100), true);
});
