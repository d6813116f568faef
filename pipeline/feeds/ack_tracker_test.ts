import assert from "node:assert/strict";
import fc from "fast-check";
import type { EpochMicros } from "../domain/time.ts";
import type { EntryId } from "../ports.ts";
import { AckTracker } from "./ack_tracker.ts";

const SINCE = 1e15 as EpochMicros;
const id = (n: number) => `${n}-0` as EntryId;
const at = (n: number, incarnation = "one") => ({ id: id(n), incarnation });
const report = (n: number, lastSeq?: number, incarnation = "one") => ({
  position: id(n),
  incarnation,
  ...lastSeq !== undefined && { lastSeq },
});

Deno.test("AckTracker acks what is committed in every partition", () => {
  const tracker = new AckTracker(10);
  const a = tracker.hand(0, SINCE);
  tracker.add(a, 11, 50);
  const b = tracker.hand(1, SINCE);
  tracker.add(b, 12, 50);
  tracker.add(a, 13, 50);
  tracker.passed(13);
  assert.deepEqual([tracker.ack, tracker.buffered], [10, 10]);
  tracker.appended(0, a, at(1));
  assert.deepEqual([tracker.ack, tracker.buffered], [10, 11]);
  tracker.committed(0, report(1, 13));
  assert.deepEqual([tracker.ack, tracker.uncommittedBytes], [11, 50]);
  tracker.appended(1, b, at(5));
  tracker.committed(1, report(4, 10));
  assert.equal(tracker.ack, 11);
  tracker.committed(1, report(5, 12));
  assert.deepEqual([tracker.ack, tracker.settled], [13, true]);
});

Deno.test("AckTracker tells of each group once, when it is committed", () => {
  const told: number[] = [];
  const tracker = new AckTracker(0, "number", ({ to }) => told.push(to));
  const a = tracker.hand(0, SINCE);
  tracker.add(a, 1, 50);
  tracker.appended(0, a, at(1));
  const b = tracker.hand(0, SINCE);
  tracker.add(b, 2, 50);
  tracker.appended(0, b, at(2));
  assert.deepEqual(told, []);
  tracker.committed(0, report(1, 1));
  tracker.committed(0, report(1, 1));
  assert.deepEqual(told, [1]);
  tracker.forget(0, { after: 0 });
  assert.deepEqual(told, [1], "what is lost was never committed");
});

Deno.test("AckTracker holds an ack back for lines that were not appended", () => {
  const tracker = new AckTracker(0);
  tracker.add(tracker.hand(0, SINCE), 1, 1);
  tracker.passed(1);
  tracker.committed(0, report(99));
  assert.equal(tracker.ack, 0);
});

Deno.test("AckTracker passes over groups without numbers", () => {
  const tracker = new AckTracker(0);
  tracker.appended(0, tracker.hand(0, SINCE), at(1));
  tracker.passed(4);
  assert.deepEqual([tracker.ack, tracker.settled], [4, false]);
});

Deno.test("AckTracker equals a plain search over all lines", () => {
  const step = fc.record({
    p: fc.nat(2),
    lines: fc.integer({ min: 0, max: 3 }),
    append: fc.nat(3),
    commit: fc.nat(3),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const tracker = new AckTracker(0);
    const groups: { p: number; seqs: number[]; at: number | null }[] = [];
    const handles: ReturnType<AckTracker["hand"]>[] = [];
    const committed = [0, 0, 0];
    let seq = 0;
    let nextId = 1;
    for (const { p, lines, append, commit } of steps) {
      const seqs = Array.from({ length: lines }, () => ++seq);
      const handed = tracker.hand(p, SINCE);
      for (const line of seqs) tracker.add(handed, line, 1);
      tracker.passed(seq);
      groups.push({ p, seqs, at: null });
      handles.push(handed);
      for (let k = 0; k < append; k++) {
        const i = groups.findIndex((group) => group.at === null);
        if (i < 0) break;
        groups[i].at = nextId;
        tracker.appended(groups[i].p, handles[i], at(nextId++));
      }
      for (let k = 0; k < commit; k++) {
        const next = groups.find((group) =>
          group.at !== null && group.at > committed[group.p]
        );
        if (!next) break;
        committed[next.p] = next.at!;
        const through = groups.filter((group) =>
          group.p === next.p && group.at !== null && group.at <= next.at!
        );
        const last = Math.max(0, ...through.flatMap(({ seqs }) => seqs));
        tracker.committed(next.p, report(next.at!, last));
      }
      const open = groups.filter((group) =>
        group.at === null || group.at > committed[group.p]
      ).flatMap(({ seqs }) => seqs);
      assert.equal(tracker.ack, open.length ? Math.min(...open) - 1 : seq);
      assert.equal(tracker.uncommittedBytes, open.length);
    }
  }));
});

Deno.test("AckTracker acks nothing of a tail that is lost, and says so", () => {
  const tracker = new AckTracker(0);
  const groups = [1, 2, 3].map((seq) => {
    const handed = tracker.hand(0, SINCE);
    tracker.add(handed, seq, 1);
    tracker.appended(0, handed, at(seq));
    return handed;
  });
  tracker.passed(3);
  assert.equal(groups.length, 3);
  // The entries of 2 and 3 are gone; marks took the positions after them.
  assert.equal(tracker.committed(0, report(1, 1)), false);
  assert.equal(tracker.committed(0, report(9)), false);
  assert.equal(tracker.ack, 1);
  assert.equal(tracker.committed(0, report(9, 1)), true);
  assert.equal(tracker.ack, 1);
});

Deno.test("AckTracker takes reports in any order, and before the append's answer", () => {
  const tracker = new AckTracker(0);
  const first = tracker.hand(0, SINCE);
  tracker.add(first, 1, 1);
  const second = tracker.hand(0, SINCE);
  tracker.add(second, 2, 1);
  tracker.passed(2);
  assert.equal(tracker.committed(0, report(2, 2)), false);
  assert.equal(tracker.committed(0, report(1, 1)), false);
  assert.equal(tracker.ack, 0);
  tracker.appended(0, first, at(1));
  assert.equal(tracker.ack, 1);
  tracker.appended(0, second, at(2));
  assert.deepEqual([tracker.ack, tracker.settled], [2, true]);
});

Deno.test("AckTracker compares positions of one stream only", () => {
  const tracker = new AckTracker(0, "position");
  const old = tracker.hand(0, SINCE);
  tracker.add(old, 1, 10);
  tracker.appended(0, old, at(5));
  tracker.committed(0, report(9, undefined, "two"));
  assert.equal(tracker.settled, false);
  assert.deepEqual([...tracker.streams(0)], ["one"]);
  assert.equal(tracker.forget(0, { streams: new Set(["one"]) }), 1);
  assert.deepEqual([tracker.settled, tracker.uncommittedBytes], [true, 0]);
});

Deno.test("AckTracker tells what each partition has, and since when", () => {
  const tracker = new AckTracker(0, "position");
  const later = (SINCE + 7) as EpochMicros;
  const first = tracker.hand(0, SINCE);
  tracker.add(first, 1, 100);
  tracker.add(tracker.hand(0, later), 2, 20);
  tracker.add(tracker.hand(1, later), 3, 3);
  assert.deepEqual([...tracker.waiting()], [
    { p: 0, bytes: 120, rejectedBytes: 0, since: SINCE },
    { p: 1, bytes: 3, rejectedBytes: 0, since: later },
  ]);
  tracker.appended(0, first, at(1));
  tracker.committed(0, report(1));
  assert.deepEqual(tracker.waitingIn(0), {
    p: 0,
    bytes: 20,
    rejectedBytes: 0,
    since: later,
  });
  assert.equal(tracker.waitingIn(2), null);
});
