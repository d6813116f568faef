import assert from "node:assert/strict";
import { doKey, type KeyTarget } from "./keys.ts";

/** What keys did, in words. */
function pressed(...keys: readonly (string | { key: string; shift: true })[]) {
  const did: string[] = [];
  const note = (name: string) => (...values: number[]) => {
    did.push([name, ...values.map((value) => value.toFixed(2))].join(" "));
  };
  const target: KeyTarget = {
    slots: 150,
    moveBySlots: note("move"),
    goToStart: note("start"),
    goLive: note("live"),
    zoomBy: note("zoom"),
    scalePrices: note("scale"),
    fitPrices: note("fit"),
    stepCrosshair: note("step"),
    clearCrosshair: note("clear"),
    speak: note("speak"),
  };
  const plain = { ctrlKey: false, metaKey: false, altKey: false };
  const known = keys.map((key) =>
    doKey(
      typeof key === "string"
        ? { ...plain, key, shiftKey: false }
        : { ...plain, key: key.key, shiftKey: key.shift },
      target,
    )
  );
  return { did, known };
}

Deno.test("arrows move and zoom, with Shift a candle or the prices", () => {
  const shift = (key: string) => ({ key, shift: true as const });
  assert.deepEqual(
    pressed(
      "ArrowLeft",
      "ArrowRight",
      "ArrowUp",
      shift("ArrowLeft"),
      shift("ArrowRight"),
      shift("ArrowUp"),
      shift("ArrowDown"),
    ).did,
    [
      "move -10.00",
      "move 10.00",
      "zoom 1.25",
      "step -1.00",
      "step 1.00",
      "scale 1.25",
      "scale 0.80",
    ],
  );
});

Deno.test("pages, ends, signs and letters do what the help says", () => {
  const { did, known } = pressed(
    ...["PageUp", "PageDown", "Home", "End", "+", "-", "a", "Enter", "Escape"],
  );
  assert.deepEqual(did, [
    "move -135.00",
    "move 135.00",
    "start",
    "live",
    "zoom 1.25",
    "zoom 0.80",
    "fit",
    "speak",
    "clear",
  ]);
  assert.ok(known.every((one) => one));
});

Deno.test("other keys, and those of the browser, are left to the page", () => {
  assert.deepEqual(pressed("Tab", "x", " ").known, [false, false, false]);
  const event = {
    key: "+",
    shiftKey: false,
    ctrlKey: true,
    metaKey: false,
    altKey: false,
  };
  assert.equal(doKey(event, {} as KeyTarget), false);
});
