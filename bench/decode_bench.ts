/**
 * Framer and decoder: bytes of 200,000 ticks to columns, ticks per second.
 *
 * The fast path and the plain one run in turns in one process; both must print
 * the same hash. `deno run bench/decode_bench.ts`.
 */
import { csvDecoder, plainCsvDecoder } from "../pipeline/feeds/decode_csv.ts";
import {
  ndjsonDecoder,
  plainNdjsonDecoder,
} from "../pipeline/feeds/decode_ndjson.ts";
import { DecodedBatch } from "../pipeline/feeds/decoded_batch.ts";
import type { LineDecoder } from "../pipeline/feeds/line_decoder.ts";
import { LineFramer } from "../pipeline/feeds/line_framer.ts";

const TICKS = 200_000;
const ROUNDS = 9;
const READ_BYTES = 65_536;
const SYMBOLS = ["NIFTY50", "BANKNIFTY", "USDINR", "RELIANCE", "GOLD-FUT"];

/** Seeded, so that every run reads the same bytes. */
function* randoms(seed: number): Generator<number> {
  for (let state = seed;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

function input(format: "ndjson" | "csv"): Uint8Array {
  const random = randoms(7);
  const next = () => random.next().value as number;
  const lines: string[] = [];
  for (let i = 1; i <= TICKS; i++) {
    const symbol = SYMBOLS[Math.floor(next() * SYMBOLS.length)];
    const ts = 1_764_042_300_000 + i;
    const price = (20_000 + 5_000 * next()).toFixed(2);
    const volume = Math.floor(next() * 500);
    lines.push(
      format === "csv"
        ? `${symbol},${ts},${price},${volume},${i}\n`
        : `{"symbol":"${symbol}","ts":${ts},"price":${price},"volume":${volume},"seq":${i}}\n`,
    );
  }
  return new TextEncoder().encode(lines.join(""));
}

/** Decodes all bytes; returns a hash over every column. */
function decodeAll(decoder: LineDecoder, bytes: Uint8Array): number {
  const framer = new LineFramer();
  const batch = new DecodedBatch(framer.bytes);
  let hash = 0;
  for (let at = 0; at < bytes.length;) {
    const space = framer.space();
    const part = bytes.subarray(at, at + Math.min(space.length, READ_BYTES));
    space.set(part);
    framer.filled(part.length);
    at += part.length;
    for (;;) {
      batch.clear();
      decoder.decode(framer, batch);
      if (batch.length === 0) break;
      for (let i = 0; i < batch.length; i++) {
        hash = Math.imul(
          hash ^ (batch.price[i] + batch.size[i] + batch.seq[i] +
            batch.ts[i] % 65_521 + batch.symbol[i]),
          0x01000193,
        );
      }
    }
  }
  return hash >>> 0;
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1];

for (
  const { format, decoders } of [
    {
      format: "ndjson",
      decoders: { fast: ndjsonDecoder, plain: plainNdjsonDecoder },
    },
    { format: "csv", decoders: { fast: csvDecoder, plain: plainCsvDecoder } },
  ] as const
) {
  const bytes = input(format);
  const rates = { fast: [] as number[], plain: [] as number[] };
  const hashes = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of ["fast", "plain"] as const) {
      const from = performance.now();
      hashes.add(decodeAll(decoders[name](), bytes));
      rates[name].push(TICKS / (performance.now() - from) * 1_000);
    }
  }
  for (const name of ["fast", "plain"] as const) {
    const sorted = rates[name].toSorted((a, b) => a - b);
    console.log(JSON.stringify({
      bench: `decode ${format} ${name}`,
      ticks_per_second: Math.round(median(sorted)),
      min: Math.round(sorted[0]),
      max: Math.round(sorted[ROUNDS - 1]),
      bytes_per_tick: Math.round(bytes.length / TICKS),
      hash: [...hashes].map((hash) => hash.toString(16)).join(" "),
      deno: Deno.version.deno,
      date: new Date().toISOString().slice(0, 10),
    }));
  }
}
