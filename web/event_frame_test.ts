import assert from "node:assert/strict";
import { retryFrame } from "./event_frame.ts";

Deno.test("retryFrame() spreads those who come back over one to three seconds", () => {
  const text = (random: number) => new TextDecoder().decode(retryFrame(random));
  assert.equal(text(0), "retry: 1000\n\n");
  assert.equal(text(0.5), "retry: 2000\n\n");
  assert.equal(text(0.9999), "retry: 2999\n\n");
  const frames = new Set(
    Array.from({ length: 50 }, () => String(retryFrame())),
  );
  assert.ok(frames.size > 10);
});
