import assert from "node:assert/strict";
import { Mover } from "./mover.ts";
import { Scene } from "./scene.ts";

const MINUTE = 60_000;

function movedScene() {
  const scene = new Scene({ intervalMs: MINUTE });
  scene.setSize({ width: 900, height: 500, dpr: 1 });
  scene.setHistory(Array.from({ length: 900 }, (_, i) => ({
    t: i * MINUTE,
    o: 1,
    h: 2,
    l: 1,
    c: 2,
    v: 1,
    closed: true,
  })));
  scene.prepare(0);
  scene.view.panBy(2_000);
  return { scene, mover: new Mover(scene.view) };
}

Deno.test("a glide ends live, also when candles come meanwhile", () => {
  const { scene, mover } = movedScene();
  mover.glideToLive(1_000);
  mover.step(1_050);
  assert.equal(scene.view.live, false);
  scene.upsert({
    t: 900 * MINUTE,
    o: 2,
    h: 2,
    l: 2,
    c: 2,
    v: 1,
    closed: false,
  });
  for (let now = 1_066; mover.moves && now < 9_000; now += 16) mover.step(now);
  assert.equal(mover.moves, false);
  assert.equal(scene.view.live, true);
  assert.ok(Math.abs(scene.view.slotsToLive) < 1e-6);
});

Deno.test("a fling goes the finger's way, and stops at the edge", () => {
  const { scene, mover } = movedScene();
  const before = scene.view.right;
  mover.fling(1, 0);
  mover.step(16);
  mover.step(32);
  assert.ok(scene.view.right < before);
  scene.view.goToStart();
  scene.view.panBy(1e9);
  mover.fling(3, 0);
  mover.step(16);
  mover.step(80);
  assert.equal(mover.moves, false, "nothing is left to move");
});

Deno.test("a mover that was stopped moves nothing", () => {
  const { scene, mover } = movedScene();
  mover.fling(1, 0);
  mover.stop();
  const { right } = scene.view;
  mover.step(100);
  assert.equal(scene.view.right, right);
});
