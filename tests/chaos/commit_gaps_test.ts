import assert from "node:assert/strict";
import { CommitGaps } from "./commit_gaps.ts";

Deno.test("gaps are put down to the fault that was under way, and to who waits for it", () => {
  const gaps = new CommitGaps(2);
  const [paused, other] = [7_001, 7_002];
  for (const at of [0, 1_000, 4_000]) gaps.onAck(0, paused, at);
  for (const at of [0, 900, 2_900]) gaps.onAck(1, other, at);
  const fault = { target: "a", port: paused, from: 1_200, to: 3_700 };
  assert.deepEqual(gaps.longest([{ kind: "pause app", ...fault }]), {
    "none": 1_000,
    "pause app": 2_000,
    "pause app, its feeds": 3_000,
  });
  assert.deepEqual(gaps.longest([{ kind: "kill app", ...fault }]), {
    "none": 1_000,
    "kill app": 3_000,
  });
  const before = { target: "b", port: other, from: -500, to: -100 };
  assert.deepEqual(
    gaps.longest([
      { kind: "kill app", ...before },
      { kind: "pause app", ...fault },
    ]),
    { "kill app": 1_000, "pause app": 2_000, "pause app, its feeds": 3_000 },
    "the nearest one is the cause",
  );
});
