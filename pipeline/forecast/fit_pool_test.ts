import assert from "node:assert/strict";
import type { FitJob } from "./fit_instrument.ts";
import { FitPool, type FitThread } from "./fit_pool.ts";
import type { FitReply, FitRequest } from "./fit_worker.ts";
import { ManualClock, turns } from "../testing/manual_clock.ts";

class FakeThread implements FitThread {
  onmessage: FitThread["onmessage"] = null;
  onerror: FitThread["onerror"] = null;
  readonly asked: FitRequest[] = [];
  terminated = false;

  postMessage(request: FitRequest): void {
    this.asked.push(request);
  }

  terminate(): void {
    this.terminated = true;
  }

  reply(poisoned: string | null = null): void {
    const request = this.asked[this.asked.length - 1];
    const data: FitReply = {
      id: request.id,
      outcome: {
        symbol: request.job.symbol,
        track: null,
        failures: [],
        skills: [],
      },
      poisoned,
    };
    this.onmessage?.({ data });
  }
}

function job(symbol: string): FitJob {
  return {
    symbol,
    grid: { tick: 0.01, scale: 2 },
    candles: [],
    window: 240,
    candidates: [],
    walkForward: null,
  };
}

function harness(queueMax = 10) {
  const clock = new ManualClock(0);
  const threads: FakeThread[] = [];
  const pool = new FitPool({
    clock,
    queueMax,
    budgetMs: 1_000,
    createThread() {
      const thread = new FakeThread();
      threads.push(thread);
      return thread;
    },
  });
  return { clock, threads, pool };
}

Deno.test("FitPool starts no Worker before its first job, and keeps it after", async () => {
  const { threads, pool } = harness();
  assert.equal(threads.length, 0);
  const first = pool.fit(job("A"), 0);
  threads[0].reply();
  assert.equal((await first).kind, "fitted");
  const second = pool.fit(job("B"), 0);
  threads[0].reply();
  assert.equal((await second).kind, "fitted");
  assert.equal(threads.length, 1);
  assert.ok(threads[0].asked.every(({ engine }) => engine === "native"));
  pool.close();
});

Deno.test("FitPool takes the most overdue job first", async () => {
  const { threads, pool } = harness();
  const all = [9, 5, 7, 1].map((dueAt) => pool.fit(job(`${dueAt}`), dueAt));
  for (let i = 0; i < 4; i++) {
    threads[0].reply();
    await turns();
  }
  await Promise.all(all);
  assert.deepEqual(
    threads[0].asked.map((request) => request.job.symbol),
    ["9", "1", "5", "7"],
  );
  pool.close();
});

Deno.test("FitPool replaces a Worker whose engine is poisoned, and keeps the result", async () => {
  const { threads, pool } = harness();
  const first = pool.fit(job("A"), 0);
  threads[0].reply("RuntimeError");
  assert.equal((await first).kind, "fitted");
  assert.ok(threads[0].terminated);
  const second = pool.fit(job("B"), 0);
  assert.equal(threads.length, 2);
  threads[1].reply();
  assert.equal((await second).kind, "fitted");
  assert.equal(pool.replaced, 1);
  pool.close();
});

Deno.test("FitPool replaces a Worker that crashes and goes on with the next job", async () => {
  const { threads, pool } = harness();
  const first = pool.fit(job("A"), 0);
  const second = pool.fit(job("B"), 1);
  let prevented = false;
  threads[0].onerror?.({
    preventDefault: () => prevented = true,
    message: "out of memory",
  });
  const result = await first;
  assert.ok(result.kind === "failed");
  assert.match(result.reason, /crashed: out of memory/);
  assert.ok(prevented && threads[0].terminated);
  threads[1].reply();
  assert.equal((await second).kind, "fitted");
  pool.close();
});

Deno.test("FitPool gives up a fit that takes longer than its budget", async () => {
  const { clock, threads, pool } = harness();
  const result = pool.fit(job("A"), 0);
  await clock.advance(999);
  assert.equal(threads[0].terminated, false);
  await clock.advance(2);
  assert.deepEqual(await result, {
    kind: "failed",
    reason: "The fit took longer than 1000 ms",
  });
  assert.ok(threads[0].terminated);
  threads[0].reply();
  assert.equal(pool.replaced, 1, "what it says later is not heard");
  pool.close();
});

Deno.test("FitPool refuses more than may wait, and fails all when it closes", async () => {
  const { threads, pool } = harness(1);
  const running = pool.fit(job("A"), 0);
  const waiting = pool.fit(job("B"), 0);
  const refused = await pool.fit(job("C"), 0);
  assert.deepEqual(refused, { kind: "failed", reason: "1 fits wait already" });
  pool.close();
  assert.equal((await running).kind, "failed");
  assert.equal((await waiting).kind, "failed");
  assert.equal((await pool.fit(job("D"), 0)).kind, "failed");
  assert.ok(threads[0].terminated);
});

Deno.test("FitPool fails a job whose Worker cannot be started", async () => {
  const pool = new FitPool({
    clock: new ManualClock(0),
    createThread() {
      throw new Error("no threads left");
    },
  });
  const result = await pool.fit(job("A"), 0);
  assert.ok(result.kind === "failed");
  assert.match(result.reason, /no threads left/);
  pool.close();
});
