import assert from "node:assert/strict";
import { ManualClock } from "../../pipeline/feeds/testing/manual_clock.ts";
import { runAlone } from "../../program/run_alone.ts";

const LOG = { info() {}, warn() {}, error() {} };

/** One lease, as the answers of the store; each is the one until the next. */
class Lease {
  answer: boolean | Error = true;
  released = 0;

  release(): Promise<void> {
    this.released++;
    return Promise.resolve();
  }

  hold(): Promise<boolean> {
    return this.answer instanceof Error
      ? Promise.reject(this.answer)
      : Promise.resolve(this.answer);
  }
}

function started() {
  const clock = new ManualClock();
  const lease = new Lease();
  const abort = new AbortController();
  const seen = { running: 0, starts: 0, stands: false };
  const running = (fail?: Error) =>
    runAlone({
      task: "forecast",
      owner: "a",
      leases: lease,
      leaseMs: 900,
      clock,
      log: LOG,
      stands: () => seen.stands,
      run: async (signal) => {
        seen.running++;
        seen.starts++;
        if (fail) throw fail;
        await new Promise((resolve) =>
          signal.addEventListener("abort", resolve)
        );
        seen.running--;
      },
    }, abort.signal);
  return { clock, lease, abort, seen, running };
}

Deno.test("runAlone() works while it holds the lease, and again when it gets it back", async () => {
  const { clock, lease, abort, seen, running } = started();
  lease.answer = false;
  const done = running();
  await clock.advance(1_000);
  assert.equal(seen.running, 0);
  lease.answer = true;
  await clock.advance(1_000);
  assert.equal(seen.running, 1);
  lease.answer = false;
  await clock.advance(1_000);
  assert.equal(seen.running, 0);
  lease.answer = true;
  await clock.advance(1_000);
  assert.deepEqual([seen.running, seen.starts], [1, 2]);
  abort.abort();
  await done;
  assert.equal(seen.running, 0);
});

Deno.test("runAlone() rests once its lease has run out without an answer", async () => {
  const { clock, lease, abort, seen, running } = started();
  const done = running();
  await clock.advance(300);
  assert.equal(seen.running, 1);
  lease.answer = new Error("the warehouse is down");
  await clock.advance(300);
  assert.equal(seen.running, 1);
  await clock.advance(1_200);
  assert.equal(seen.running, 0);
  abort.abort();
  await done;
});

Deno.test("runAlone() fails with its work", async () => {
  const { clock, running } = started();
  const done = running(new Error("a bug"));
  const seen = assert.rejects(done, /a bug/);
  await clock.advance(1);
  await seen;
});

Deno.test("runAlone() leaves its task to the others while it stands back", async () => {
  const { clock, lease, abort, seen, running } = started();
  const done = running();
  await clock.advance(300);
  assert.equal(seen.running, 1);
  seen.stands = true;
  await clock.advance(300);
  assert.deepEqual([seen.running, lease.released], [0, 1]);
  await clock.advance(900);
  assert.deepEqual([seen.starts, lease.released], [1, 1]);
  seen.stands = false;
  await clock.advance(300);
  assert.equal(seen.running, 1);
  abort.abort();
  await done;
});
