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

/** Asks each second, as one that is held back does, with as much waiting. */
function asks(
  pace: CommitPace,
  mib: number,
  fromMs: number,
  seconds: number,
  rejectedMib = 0,
): readonly boolean[] {
  return Array.from(
    { length: seconds },
    (_, i) =>
      pace.takes(
        { bytes: mib * MIB, rejectedBytes: rejectedMib * MIB },
        at(fromMs + i * 1_000),
      ),
  );
}

const every = (answers: readonly boolean[]) => [...new Set(answers)];

Deno.test("CommitPace lets a burst be ahead by what is committed in ten seconds", () => {
  const pace = new CommitPace();
  assert.deepEqual(asks(pace, 4, 0, 1), [true], "before any commit");
  assert.deepEqual(asks(pace, 4.1, 0, 1), [false], "before any commit");
  const then = commits(pace, MIB, 1_000, 20);
  assert.deepEqual(asks(pace, 19.9, then, 1), [true]);
  assert.deepEqual(asks(pace, 20.1, then, 1), [false]);
  const later = commits(pace, 20 * MIB, then, 60);
  assert.deepEqual(asks(pace, 399, later, 1), [true]);
  assert.deepEqual(asks(pace, 401, later, 1), [false]);
});

Deno.test("CommitPace lets as much be ahead for long as is committed in three seconds", () => {
  const pace = new CommitPace();
  const then = commits(pace, MIB, 0, 20);
  assert.deepEqual(every(asks(pace, 5.9, then, 600)), [true]);
  // More than that for twenty seconds is no burst any more.
  const burst = then + 600_000;
  assert.deepEqual(every(asks(pace, 6.1, burst, 20)), [true]);
  assert.deepEqual(every(asks(pace, 6.1, burst + 20_000, 3)), [false]);
  assert.deepEqual(asks(pace, 5.9, burst + 23_000, 1), [true]);
  // Who would at once be ahead again is held back for as long as it goes on.
  assert.deepEqual(every(asks(pace, 6.1, burst + 24_000, 300)), [false]);
  // And after a minute of calm may bring a burst again.
  assert.deepEqual(every(asks(pace, 5.9, burst + 324_000, 60)), [true]);
  assert.deepEqual(asks(pace, 19, burst + 384_000, 1), [true]);
});

Deno.test("CommitPace takes no burst of lines that are rejected", () => {
  const pace = new CommitPace();
  const then = commits(pace, MIB, 0, 20);
  assert.deepEqual(asks(pace, 10, then, 1, 2.9), [true]);
  assert.deepEqual(asks(pace, 10, then, 1, 3.1), [false]);
  assert.deepEqual(every(asks(pace, 5.9, then, 60, 5.9)), [true]);
});

Deno.test("CommitPace does not take two bursts with a pause for one", () => {
  const pace = new CommitPace();
  const then = commits(pace, MIB, 0, 20);
  assert.deepEqual(every(asks(pace, 10, then, 15)), [true]);
  assert.deepEqual(every(asks(pace, 10, then + 20_000, 15)), [true]);
});

Deno.test("CommitPace learns within seconds that lines have become dear", () => {
  const pace = new CommitPace();
  const then = commits(pace, 10 * MIB, 0, 20);
  assert.deepEqual(asks(pace, 199, then, 1), [true]);
  const later = commits(pace, MIB / 8, then, 10);
  assert.deepEqual(asks(pace, 20, later, 1), [false]);
});

Deno.test("CommitPace leaves room however slow commits are, and when idle", () => {
  const pace = new CommitPace();
  const slow = commits(pace, 1, 0, 20);
  assert.deepEqual(asks(pace, 4, slow, 1), [true]);
  assert.deepEqual(asks(pace, 4.1, slow, 1), [false]);
  assert.deepEqual(every(asks(pace, 1, slow, 60).slice(30)), [false]);
  assert.deepEqual(every(asks(pace, 0.25, slow + 60_000, 600)), [true]);
  const quick = new CommitPace();
  const then = commits(quick, MIB, 0, 20);
  quick.committed(0, 0, null, at(then + 3_600_000));
  assert.deepEqual(asks(quick, 19.9, then + 3_600_000, 1), [true]);
});

Deno.test("CommitPace does not take an outage for slow commits", () => {
  const pace = new CommitPace();
  const then = commits(pace, 4 * MIB, 0, 20);
  pace.committed(0, 4 * MIB, at(then), at(then + 600_000));
  assert.deepEqual(asks(pace, 4.1, then + 600_000, 1), [true]);
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
