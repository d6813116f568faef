import assert from "node:assert/strict";
import fc from "fast-check";
import type { EntryId } from "../ports.ts";
import { AckTracker } from "./ack_tracker.ts";

const id = (n: number) => `${n}-0` as EntryId;

Deno.test("AckTracker acks what is committed in every partition", () => {
  const tracker = new AckTracker(10);
  const a = tracker.hand(0);
  tracker.add(a, 11, 50);
  const b = tracker.hand(1);
  tracker.add(b, 12, 50);
  tracker.add(a, 13, 50);
  tracker.passed(13);
  assert.deepEqual([tracker.ack, tracker.buffered], [10, 10]);
  a.id = id(1);
  assert.deepEqual([tracker.ack, tracker.buffered], [10, 11]);
  tracker.committed(0, id(1));
  assert.deepEqual([tracker.ack, tracker.uncommittedBytes], [11, 50]);
  b.id = id(5);
  tracker.committed(1, id(4));
  assert.equal(tracker.ack, 11);
  tracker.committed(1, id(5));
  assert.deepEqual([tracker.ack, tracker.settled], [13, true]);
});

Deno.test("AckTracker holds an ack back for lines that were not appended", () => {
  const tracker = new AckTracker(0);
  tracker.add(tracker.hand(0), 1, 1);
  tracker.passed(1);
  tracker.committed(0, id(99));
  assert.equal(tracker.ack, 0);
});

Deno.test("AckTracker passes over groups without numbers", () => {
  const tracker = new AckTracker(0);
  tracker.hand(0).id = id(1);
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
      const handed = tracker.hand(p);
      for (const line of seqs) tracker.add(handed, line, 1);
      tracker.passed(seq);
      groups.push({ p, seqs, at: null });
      handles.push(handed);
      for (let k = 0; k < append; k++) {
        const i = groups.findIndex((group) => group.at === null);
        if (i < 0) break;
        groups[i].at = nextId;
        handles[i].id = id(nextId++);
      }
      for (let k = 0; k < commit; k++) {
        const next = groups.find((group) =>
          group.at !== null && group.at > committed[group.p]
        );
        if (!next) break;
        committed[next.p] = next.at!;
        tracker.committed(next.p, id(next.at!));
      }
      const open = groups.filter((group) =>
        group.at === null || group.at > committed[group.p]
      ).flatMap(({ seqs }) => seqs);
      assert.equal(tracker.ack, open.length ? Math.min(...open) - 1 : seq);
      assert.equal(tracker.uncommittedBytes, open.length);
    }
  }));
});
