/**
 * From bytes to stream entries: framer, decoder, cleaning and grouping of
 * 500,000 ticks, appended to a buffer that encodes and forgets them.
 *
 * `deno run bench/ingest_bench.ts`.
 */
import { encodeEntry } from "../pipeline/buffer/tick_codec.ts";
import { ndjsonDecoder } from "../pipeline/feeds/decode_ndjson.ts";
import { DecodedBatch } from "../pipeline/feeds/decoded_batch.ts";
import { LineFramer } from "../pipeline/feeds/line_framer.ts";
import { FeedWorld } from "../pipeline/feeds/testing/feed_world.ts";
import { MemoryBuffer } from "../pipeline/buffer/testing/memory_buffer.ts";
import type {
  AppendRequest,
  AppendResult,
  EntryId,
} from "../pipeline/ports.ts";

const TICKS = 500_000;
const ROUNDS = 7;
const SYMBOLS = ["NIFTY50", "BANKNIFTY", "USDINR", "RELIANCE", "GOLD-FUT"];

/** Encodes what it is given, as a real one would, and keeps a count. */
class Sink extends MemoryBuffer {
  ticks = 0;
  bytes = 0;
  #id = 0;

  // deno-lint-ignore require-await -- the shape of an append
  override async append(request: AppendRequest): Promise<AppendResult> {
    this.bytes += encodeEntry(request.entry).length;
    this.ticks += request.entry.ticks.length;
    this.#id += 1;
    return {
      kind: "appended",
      id: `${this.#id}-0` as EntryId,
      incarnation: "bench",
    };
  }
}

const lines: string[] = [];
for (let i = 1; i <= TICKS; i++) {
  const symbol = SYMBOLS[i * 7 % SYMBOLS.length];
  const price = (20_000 + (i * 2_654_435_761 >>> 8) % 100_000 / 100).toFixed(2);
  lines.push(
    `{"symbol":"${symbol}","ts":${1_764_042_300_000 + i % 1_000},` +
      `"price":${price},"volume":${i % 500},"seq":${i}}\n`,
  );
}
const bytes = new TextEncoder().encode(lines.join(""));

const rates: number[] = [];
const results = new Set<string>();
for (let round = 0; round < ROUNDS; round++) {
  const buffer = new Sink();
  const world = new FeedWorld({ buffer, settings: { windowBytes: 1e12 } });
  const framer = new LineFramer();
  const decoder = ndjsonDecoder();
  const batch = new DecodedBatch(framer.bytes);
  const never = new AbortController().signal;
  const events = {
    buffered() {},
    ack() {},
    nack() {},
    resend() {},
    fail() {},
  };
  const opened = await world.ingest.open(
    { feed: "x", delivery: "acked", replay: false, content: "real" },
    events,
    decoder.symbols.names,
  );
  if (opened.kind !== "opened") throw new Error(opened.reason);
  const from = performance.now();
  for (let at = 0; at < bytes.length;) {
    const space = framer.space();
    const part = bytes.subarray(at, at + Math.min(space.length, 65_536));
    space.set(part);
    framer.filled(part.length);
    at += part.length;
    for (;;) {
      batch.clear();
      decoder.decode(framer, batch);
      if (batch.length === 0) break;
      await opened.entrance.take(batch, never);
    }
  }
  await opened.entrance.detach();
  rates.push(TICKS / (performance.now() - from) * 1_000);
  results.add(`${buffer.ticks} ticks, ${buffer.bytes} bytes`);
  world.ingest.dispose();
}
const sorted = rates.toSorted((a, b) => a - b);
console.log(JSON.stringify({
  bench: "bytes to entries",
  ticks_per_second: Math.round(sorted[ROUNDS >> 1]),
  min: Math.round(sorted[0]),
  max: Math.round(sorted[ROUNDS - 1]),
  result: [...results].join(" | "),
  deno: Deno.version.deno,
  date: new Date().toISOString().slice(0, 10),
}));
