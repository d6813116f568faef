/**
 * How long a tick takes: to the ack that its candle is committed, at loads that
 * rise, and to an event at the clients of a live stream, a thousand of them; on
 * Redis and PostgreSQL. An ack may come up to 50 ms after its commit, as acks
 * go out together; so beside it is what the program measures itself, from the
 * first line of a batch to the commit of its candles. At the end of each load every tick must be in a candle.
 *
 * `deno task bench latency`
 */
import assert from "node:assert/strict";
import { runFeedClient } from "../pipeline/feeds/feed_client.ts";
import { connectTcp } from "../pipeline/feeds/tcp_connection.ts";
import { systemClock } from "../pipeline/system_clock.ts";
import { EventReader } from "../tests/harness/event_reader.ts";
import { getJson, until } from "../tests/harness/program.ts";
import { symbolName } from "./harness/prepared_ticks.ts";
import { bench, benchSize, quantile } from "./harness/report.ts";
import { BenchServers, Subject } from "./harness/subject.ts";

const full = benchSize() === "full";
const SYMBOLS = 100;
const LOADS = full
  ? [1_000, 10_000, 50_000, 100_000, 200_000, 400_000]
  : [1_000];
const GOAL_LOAD = full ? 50_000 : 1_000;
const SECONDS = full ? 8 : 2;
/** What is measured before the loop's code is compiled says little. */
const WARM_SECONDS = full ? 3 : 1;
const STREAM_LOAD = full ? 5_000 : 1_000;
const CLIENTS = full ? 1_000 : 10;
/** Ticks are written as often as this. */
const BEAT_MS = 10;

/** Ticks of now, at a rate, until told to stop; with the waits for their acks. */
class PacedFeed {
  readonly waits: number[] = [];
  sent = 0;
  acked = 0;
  readonly #sentAt: { readonly seq: number; readonly at: number }[] = [];
  readonly #stop = new AbortController();
  readonly #done: Promise<unknown>;
  measuring = false;

  constructor(
    to: string,
    feed: string,
    private readonly rate: number,
    private readonly onSend?: (symbol: number, price: number) => void,
  ) {
    const [hostname, port] = to.split(":");
    this.#done = runFeedClient({
      hello: { feed, epoch: 1 },
      connect: (signal) => connectTcp({ hostname, port: Number(port) }, signal),
      source: () => ({ from: (seq, { max }) => this.#ticks(seq, max) }),
      clock: systemClock,
      signal: new AbortController().signal,
      onProgress: ({ acked }) => this.#onAck(acked),
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async *#ticks(seq: number, max: number) {
    const encoder = new TextEncoder();
    const from = performance.now();
    while (!this.#stop.signal.aborted) {
      const due = (performance.now() - from) / 1_000 * this.rate;
      const count = Math.min(max, Math.floor(due) - this.sent);
      if (count <= 0) {
        await systemClock.sleep(BEAT_MS, this.#stop.signal);
        continue;
      }
      const lines: string[] = [];
      const ts = Date.now();
      for (let i = 0; i < count; i++, seq++) {
        const symbol = seq % SYMBOLS;
        // Each price is a symbol's own tick: an event says which it has.
        const price = 1_000 + Math.floor(seq / SYMBOLS) % 5_000 / 100;
        this.onSend?.(symbol, price);
        lines.push(
          `{"symbol":"${symbolName(symbol)}","ts":${ts},"price":${price},` +
            `"volume":1,"seq":${seq}}\n`,
        );
      }
      this.sent += count;
      this.#sentAt.push({ seq: seq - 1, at: performance.now() });
      yield { bytes: encoder.encode(lines.join("")), count };
    }
  }

  #onAck(acked: number): void {
    this.acked = acked;
    const now = performance.now();
    while (this.#sentAt.length > 0 && this.#sentAt[0].seq <= acked) {
      const { at } = this.#sentAt.shift()!;
      if (this.measuring) this.waits.push(now - at);
    }
  }
}

await bench("latency", full ? "full" : "small", async () => {
  const servers = await BenchServers.start();
  try {
    const points: Awaited<ReturnType<typeof acks>>[] = [];
    for (const load of LOADS) points.push(await acks(servers, load));
    const events = await streamWaits(servers);
    const goal = points.find(({ load }) => load === GOAL_LOAD)!;
    const at = `at ${GOAL_LOAD.toLocaleString("en")} ticks/s`;
    return {
      rounds: 1,
      hash: `${points.length} loads, each tick in a candle`,
      figures: [
        {
          name: `tick to committed candle, half of them, ${at}`,
          unit: "ms",
          values: [goal.committed.p50],
          atMost: 30,
        },
        {
          name: `tick to committed candle, 99 % of them, ${at}`,
          unit: "ms",
          values: [goal.committed.p99],
          atMost: 150,
        },
        {
          name: `tick to ack at its source, half of them, ${at}`,
          unit: "ms",
          values: [goal.p50],
        },
        {
          name: `tick to ack at its source, 99 % of them, ${at}`,
          unit: "ms",
          values: [goal.p99],
        },
        {
          name: `tick to event, 99 % of them, ${CLIENTS} clients`,
          unit: "ms",
          values: [quantile(events, 0.99)],
          atMost: 250,
        },
      ],
      plots: [{
        name: "latency",
        title: "Tick to ack against load, Redis and PostgreSQL",
        x: "ticks a second sent",
        y: "ms",
        logX: true,
        lines: [
          {
            name: "half of them",
            points: points.map(({ load, p50 }) => [load, p50] as const),
          },
          {
            name: "99 % of them",
            points: points.map(({ load, p99 }) => [load, p99] as const),
          },
        ],
      }, {
        name: "load",
        title: "Ticks committed against ticks sent, Redis and PostgreSQL",
        x: "ticks a second sent",
        y: "ticks a second committed",
        lines: [{
          name: "with acks",
          points: points.map(({ load, rate }) => [load, rate] as const),
        }],
      }],
    };
  } finally {
    await servers.close();
  }
});

/** Waits for acks at one load, in milliseconds. */
async function acks(servers: BenchServers, load: number) {
  const subject = await Subject.start(await servers.empty());
  const feed = new PacedFeed(subject.feed, "bench", load);
  await seconds(WARM_SECONDS);
  feed.measuring = true;
  const [before, from] = [feed.acked, performance.now()];
  await seconds(SECONDS);
  // Where everything stood still none may have come yet.
  await until(
    "an ack",
    () => Promise.resolve(feed.waits.length),
    (count) => count > 0,
  );
  const rate = (feed.acked - before) / (performance.now() - from) * 1_000;
  feed.measuring = false;
  const { waits } = await getJson(subject.program, "/api/system");
  await feed.stop();
  await everyTickIn(subject, feed.sent);
  await subject.stop();
  console.error(`latency: ${load.toLocaleString("en")} ticks/s`);
  return {
    load,
    rate,
    p50: quantile(feed.waits, 0.5),
    p99: quantile(feed.waits, 0.99),
    committed: waits.tick_to_committed,
  };
}

/** From a tick to the event that has its price, over all clients. */
async function streamWaits(servers: BenchServers): Promise<number[]> {
  const subject = await Subject.start(await servers.empty(), {
    STREAMS_MAX: String(CLIENTS + 100),
    HTTP_CONNECTIONS_MAX: String(CLIENTS + 100),
    HTTP_ADDRESS_MAX: String(CLIENTS + 100),
  });
  /** When a symbol's price was sent last. */
  const sentAt = new Map<string, number>();
  const feed = new PacedFeed(
    subject.feed,
    "bench",
    STREAM_LOAD,
    (symbol, price) => sentAt.set(`${symbol} ${price}`, performance.now()),
  );
  await until(
    "instruments",
    () => getJson(subject.program, "/api/instruments"),
    ({ instruments }) => instruments.length >= SYMBOLS,
  );
  const leaving = new AbortController();
  const waits: number[] = [];
  let measuring = false;
  const clients = Array.from({ length: CLIENTS }, async (_, i) => {
    const symbol = i % SYMBOLS;
    const response = await fetch(
      `${subject.program.http}/api/stream?symbols=${symbolName(symbol)}`,
      { signal: leaving.signal },
    );
    const reader = new EventReader(response);
    for (;;) {
      const message = await reader.next();
      if (message === null) throw new Error("A stream ended");
      if (message.event !== "candle" || !measuring) continue;
      const at = sentAt.get(`${symbol} ${message.data.candle.c}`);
      if (at !== undefined) waits.push(performance.now() - at);
    }
  });
  const ended = Promise.all(clients).catch((error) => {
    if (!leaving.signal.aborted) throw error;
  });
  await Promise.race([seconds(WARM_SECONDS), ended]);
  measuring = true;
  await Promise.race([seconds(SECONDS), ended]);
  const enough = until(
    "as many events as clients",
    () => Promise.resolve(waits.length),
    (count) => count >= CLIENTS,
  );
  await Promise.race([enough, ended]);
  measuring = false;
  leaving.abort();
  await ended;
  await feed.stop();
  await everyTickIn(subject, feed.sent);
  await subject.stop();
  return waits;
}

/** All are acked by now: the books must balance, with as many in candles. */
async function everyTickIn(subject: Subject, sent: number): Promise<void> {
  const audit = await getJson(subject.program, "/api/audit?full=1");
  const inCandles = audit.partitions.reduce(
    (sum: number, p: { in_candles: number }) => sum + p.in_candles,
    0,
  );
  assert.deepEqual([audit.balanced, inCandles], [true, sent]);
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1_000));
}
