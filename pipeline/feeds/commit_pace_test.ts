import assert from "node:assert/strict";
import { type EpochMicros, MICROS_PER_MS } from "../domain/time.ts";
import { CommitPace } from "./commit_pace.ts";

const at = (ms: number) => (1e15 + ms * MICROS_PER_MS) as EpochMicros;
const MIB = 1_048_576;

/** Commits of so many bytes, one every 500 ms, while there is always more. */
function commits(pace: CommitPace, bytes: number, fromMs: number, n: number) {
  for (let i = 1; i <= n; i++) {
    pace.committed(0, bytes, at(fromMs - 100), at(fromMs + i * 500));
  }
  return fromMs + n * 500;
}

Deno.test("CommitPace lets as much wait as is committed in three seconds", () => {
  const pace = new CommitPace();
  assert.equal(pace.bytesMax, 4 * MIB);
  const then = commits(pace, MIB, 0, 20);
  assert.ok(Math.abs(pace.bytesMax - 6 * MIB) < 0.1 * MIB);
  commits(pace, 20 * MIB, then, 60);
  assert.ok(Math.abs(pace.bytesMax - 120 * MIB) < MIB);
});

Deno.test("CommitPace learns that lines have become dear", () => {
  const pace = new CommitPace();
  const then = commits(pace, 10 * MIB, 0, 20);
  commits(pace, MIB / 8, then, 60);
  assert.ok(pace.bytesMax < MIB, String(pace.bytesMax));
});

Deno.test("CommitPace leaves room however slow commits are, and when idle", () => {
  const pace = new CommitPace();
  commits(pace, 1, 0, 20);
  assert.equal(pace.bytesMax, 262_144);
  const quick = new CommitPace();
  const then = commits(quick, MIB, 0, 20);
  const before = quick.bytesMax;
  quick.committed(0, 0, null, at(then + 3_600_000));
  assert.equal(quick.bytesMax, before);
});

Deno.test("CommitPace does not take an outage for slow commits", () => {
  const pace = new CommitPace();
  const then = commits(pace, 4 * MIB, 0, 20);
  pace.committed(0, 4 * MIB, at(then), at(then + 600_000));
  assert.ok(pace.bytesMax > 4 * MIB, String(pace.bytesMax));
});

Deno.test("CommitPace tells a partition without commits from a busy one", () => {
  const pace = new CommitPace();
  // Nothing was said of it yet: it may be about to.
  assert.equal(pace.stuck(0, at(0), at(3_000)), false);
  assert.equal(pace.stuck(0, at(0), at(3_001)), true);
  pace.committed(0, 10, at(0), at(4_000));
  assert.equal(pace.stuck(0, at(0), at(7_000)), false);
  assert.equal(pace.stuck(0, at(0), at(7_001)), true);
  assert.equal(pace.stuck(1, at(0), at(4_001)), true);
  // After an idle hour, the first lines are young.
  assert.equal(pace.stuck(0, at(3_600_000), at(3_602_000)), false);
});
