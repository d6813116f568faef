/**
 * Memory of the program while a plain feed brings ticks for ten minutes as fast
 * as they are taken, on Redis and PostgreSQL: how much it has, and whether it
 * grows. Event time goes on all the while, so that minutes close and hours roll
 * up; every tick must be in a candle at the end. Nothing is archived: the ticks
 * of ten minutes at that rate would be some ten gigabytes, and feeds would wait
 * for the archive once the buffer is full.
 *
 * `deno task bench:long growth`
 */
import assert from "node:assert/strict";
import { getJson } from "../tests/harness/program.ts";
import {
  type PreparedChunk,
  prepareTicks,
  startMsBefore,
} from "./harness/prepared_ticks.ts";
import { bench, benchSize, median } from "./harness/report.ts";
import { sendPlain } from "./harness/send_ticks.ts";
import { BenchServers, Subject } from "./harness/subject.ts";

const full = benchSize() === "full";
const SYMBOLS = 100;
const SECONDS = full ? 600 : 2;
/** The same lines again and again, each time this much later. */
const MINUTES = 5;
const TICKS = full ? 3_000_000 : 60_000;
/** More than any machine takes in. */
const PASSES_MAX = full ? 600 : 40;
const SAMPLE_MS = full ? 1_000 : 100;
const ZERO = 48;
const TIME_DIGITS = 13;

const startMs = startMsBefore(PASSES_MAX * MINUTES);
const ticks = prepareTicks({
  ticks: TICKS,
  symbols: SYMBOLS,
  startMs,
  minutes: MINUTES,
  numbered: false,
});

await bench("growth", full ? "full" : "small", async () => {
  const servers = await BenchServers.start();
  try {
    const subject = await Subject.start(await servers.empty(), {
      TICK_RETENTION_DAYS: "0",
    });
    const samples: number[] = [];
    const sampling = setInterval(
      () => samples.push(subject.rssMb()),
      SAMPLE_MS,
    );
    const from = performance.now();
    const secondsSince = () => (performance.now() - from) / 1_000;
    let passes = 0;
    const later = laterChunks(ticks.chunks);
    do {
      await sendPlain(subject.feed, { chunks: later(passes++) });
    } while (secondsSince() < SECONDS && passes < PASSES_MAX);
    clearInterval(sampling);
    await subject.applied(passes * TICKS);
    const seconds = secondsSince();
    const { balanced } = await getJson(subject.program, "/api/audit?full=1");
    assert.equal(balanced, true, "the books balance");
    await subject.stop();
    // What a start needs is over after the first fifth.
    const fifth = Math.ceil(samples.length / 5);
    const early = median(samples.slice(fifth, 2 * fifth));
    const late = median(samples.slice(-fifth));
    return {
      rounds: 1,
      hash: "each tick in a candle",
      figures: [
        {
          name: `ticks a second for ${Math.round(seconds)} s`,
          unit: "ticks/s",
          values: [passes * TICKS / seconds],
        },
        {
          name: "memory, each second",
          unit: "MB",
          values: samples,
          ...full && { atMost: 400 },
        },
        {
          name: "memory of the last fifth ÷ that of the second",
          unit: "%",
          values: [100 * late / early],
          ...full && { atMost: 105 },
        },
      ],
    };
  } finally {
    await servers.close();
  }
});

/** Gives all chunks with their times moved on by so many passes, in place. */
function laterChunks(chunks: readonly PreparedChunk[]) {
  const times = chunks.map(({ bytes }) => timesOf(bytes));
  return function* (passes: number): Generator<PreparedChunk> {
    const byMs = passes * MINUTES * 60_000;
    for (const [i, chunk] of chunks.entries()) {
      const { places, values } = times[i];
      for (let k = 0; k < places.length; k++) {
        writeTime(chunk.bytes, places[k], values[k] + byMs);
      }
      yield chunk;
    }
  };
}

/** Where the times of lines lie, and what they say in Unix milliseconds. */
function timesOf(bytes: Uint8Array) {
  const text = new TextDecoder().decode(bytes);
  const key = '"ts":';
  const places: number[] = [];
  for (let k = text.indexOf(key); k >= 0; k = text.indexOf(key, k + 1)) {
    places.push(k + key.length);
  }
  const values = places.map((at) => Number(text.slice(at, at + TIME_DIGITS)));
  return {
    places: Int32Array.from(places),
    values: Float64Array.from(values),
  };
}

function writeTime(bytes: Uint8Array, at: number, ms: number): void {
  let rest = ms;
  for (let i = at + TIME_DIGITS - 1; i >= at; i--) {
    const tens = Math.floor(rest / 10);
    bytes[i] = ZERO + rest - 10 * tens;
    rest = tens;
  }
}
