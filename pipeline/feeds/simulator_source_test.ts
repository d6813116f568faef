import assert from "node:assert/strict";
import { epochMicros } from "../domain/time.ts";
import type { Clock } from "../ports.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { NO_FAULTS, withFaults } from "./simulator_faults.ts";
import { DEFAULT_MODELS } from "./simulator_model.ts";
import { simulatorSource } from "./simulator_source.ts";
import type { TickSource } from "./feed_client.ts";

const START = Date.UTC(2026, 10, 22, 6, 0) / 1_000;
const SYMBOLS = DEFAULT_MODELS.length;
const NEVER = new AbortController().signal;

/** A clock that moves on by what one sleeps, at once. */
function steppedClock(second: number): Clock & { slept: number[] } {
  let nowMs = second * 1_000;
  const slept: number[] = [];
  return {
    slept,
    now: () => epochMicros(Math.round(nowMs * 1_000)),
    steadyMs: () => nowMs,
    sleep: (ms) => {
      slept.push(ms);
      nowMs += ms;
      return Promise.resolve();
    },
  };
}

function source(given: Partial<Parameters<typeof simulatorSource>[0]> = {}) {
  return simulatorSource({
    models: DEFAULT_MODELS,
    seed: 1,
    startSecond: START,
    roundMs: 1_000,
    format: "ndjson",
    numbered: true,
    last: 3_000,
    clock: steppedClock(START + 10_000),
    ...given,
  });
}

async function linesOf(
  from: TickSource,
  first = 1,
  max = 1_000,
): Promise<string[]> {
  let text = "";
  let seq = first;
  for await (
    const { bytes, count } of from.from(first, { max, signal: NEVER })
  ) {
    assert(count >= 1 && count <= max);
    text += new TextDecoder().decode(bytes);
    seq += count;
  }
  assert(seq > first);
  return text.trimEnd().split("\n");
}

Deno.test("simulatorSource() numbers one tick a symbol and second", async () => {
  const ticks = (await linesOf(source())).map((line) => JSON.parse(line));
  assert.equal(ticks.length, 3_000);
  ticks.forEach((tick, i) => {
    assert.deepEqual(Object.keys(tick), [
      "symbol",
      "ts",
      "price",
      "volume",
      "seq",
    ]);
    assert.equal(tick.seq, i + 1);
    assert.equal(tick.symbol, DEFAULT_MODELS[i % SYMBOLS].symbol);
    assert.equal(
      Math.floor(tick.ts / 1_000),
      START + Math.floor(i / SYMBOLS),
    );
  });
});

Deno.test("simulatorSource() writes all decimals, digit for digit", async () => {
  const lines = await linesOf(source());
  const usdinr = lines.filter((line) => line.includes("USDINR"));
  for (const line of usdinr) {
    assert.match(
      line,
      /^\{"symbol":"USDINR","ts":\d{13},"price":\d{2}\.\d{2}(00|25|50|75),"volume":[1-9]\d*,"seq":\d+\}$/,
    );
  }
  const nifty = lines.filter((line) => line.includes("NIFTY50"));
  for (const line of nifty) {
    assert.match(line, /"price":\d{5}\.\d[05],"volume":0,/);
  }
});

Deno.test("simulatorSource() writes CSV, without numbers if plain", async () => {
  const csv = await linesOf(source({ format: "csv" }));
  assert.match(csv[2], /^USDINR,\d{13},\d\d\.\d{4},\d+,3$/);
  const plain = await linesOf(source({ format: "csv", numbered: false }));
  assert.equal(csv[2], `${plain[2]},3`);
});

Deno.test("simulatorSource() gives any tick again, in pieces of any size", async () => {
  const all = await linesOf(source());
  for (const [first, max] of [[1, 1], [2, 7], [1_001, 64], [2_999, 1_000]]) {
    assert.deepEqual(await linesOf(source(), first, max), all.slice(first - 1));
  }
});

Deno.test("simulatorSource() waits for each round to pass, and no longer", async () => {
  const clock = steppedClock(START + 1);
  const live = source({ clock, last: 10 * SYMBOLS });
  let sent = 0;
  for await (const { count } of live.from(1, { max: 100, signal: NEVER })) {
    sent += count;
    const passed = clock.now() / 1e6 - START;
    assert.equal(sent, Math.floor(passed) * SYMBOLS);
    assert(passed - Math.floor(passed) < 0.01, "right after the second");
  }
  assert.equal(sent, 10 * SYMBOLS);
});

Deno.test("simulatorSource() spreads a high rate over each second in order", async () => {
  const fast = source({ roundMs: 0.5, last: 20_000 });
  const ticks = (await linesOf(fast)).map((line) => JSON.parse(line));
  const last = new Map<string, number>();
  for (const { symbol, ts } of ticks) {
    assert(ts >= (last.get(symbol) ?? START * 1_000));
    last.set(symbol, ts);
  }
  assert.equal(ticks.at(-1).ts, START * 1_000 + 1_999);
});

Deno.test("simulatorSource() ends when the signal aborts while it waits", async () => {
  const stop = new AbortController();
  const clock: Clock = {
    now: () => epochMicros(START * 1e6),
    steadyMs: () => 0,
    sleep: () => {
      stop.abort();
      return Promise.resolve();
    },
  };
  const chunks = source({ clock }).from(1, { max: 10, signal: stop.signal });
  for await (const _ of chunks) assert.fail("nothing has passed yet");
});

Deno.test("simulatorSource() goes on when a clock that was put back is set right", async () => {
  const clock = new ManualClock(START * 1e6);
  const chunks = source({ clock, models: DEFAULT_MODELS.slice(0, 1) })
    .from(1, { max: 10, signal: NEVER })[Symbol.asyncIterator]();
  const first = chunks.next();
  await clock.advance(1_000);
  assert.equal((await first).value!.count, 1);
  clock.setTimeOfDay(-3_600_000);
  const second = chunks.next();
  await clock.advance(500);
  clock.setTimeOfDay(3_600_000);
  await clock.advance(500);
  assert.equal((await second).value!.count, 1);
});

Deno.test("withFaults() changes nothing without faults", async () => {
  const faulty = withFaults(source(), NO_FAULTS, 1);
  assert.deepEqual(await linesOf(faulty), await linesOf(source()));
});

Deno.test("withFaults() drops a tick once, and gives it when asked again", async () => {
  const faulty = withFaults(source(), { ...NO_FAULTS, drop: 0.1 }, 1);
  const first = await linesOf(faulty);
  assert(first.length > 2_550 && first.length < 2_850, `${first.length}`);
  assert.deepEqual(await linesOf(faulty), await linesOf(source()));
});

Deno.test("withFaults() doubles, delays and litters as often as told", async () => {
  const all = await linesOf(source());
  const faulty = withFaults(source(), {
    duplicates: 0.1,
    late: 0.1,
    reorder: false,
    drop: 0,
    garbage: 0.1,
  }, 1);
  const lines = await linesOf(faulty);
  assert.deepEqual(await linesOf(faulty), lines, "the same when asked again");
  const seqs = lines.map((line) => Number(/"seq":(\d+)\}$/.exec(line)?.[1]));
  const near = (n: number) => n > 200 && n < 400;
  assert(near(seqs.filter(Number.isNaN).length), "garbage");
  assert(
    near(seqs.filter((seq, i) => seq === seqs[i - 1]).length),
    "duplicates",
  );
  const known = new Set(all);
  const late = lines.filter((line, i) =>
    !Number.isNaN(seqs[i]) && seqs[i] !== seqs[i - 1] && !known.has(line)
  );
  assert(near(late.length), "late");
  for (const line of late) {
    const { seq, ts } = JSON.parse(line);
    const delay = JSON.parse(all[seq - 1]).ts - ts;
    assert(delay >= 5_000 && delay <= 600_000);
  }
});
