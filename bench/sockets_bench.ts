/**
 * Two hundred sockets that send each tick by itself, as many small sources do:
 * ticks a second to committed candles on Redis and PostgreSQL.
 *
 * `deno task bench sockets`
 */
import {
  type PreparedTicks,
  prepareTicks,
  startMsBefore,
} from "./harness/prepared_ticks.ts";
import { bench, benchSize } from "./harness/report.ts";
import { BenchServers, Subject } from "./harness/subject.ts";

const full = benchSize() === "full";
const SOCKETS = full ? 200 : 20;
const ROUNDS = full ? 3 : 1;
const TICKS = full ? 400_000 : 4_000;
const MINUTES = 2;
const NEWLINE = 0x0a;

const startMs = startMsBefore(MINUTES);
/** Each socket has a symbol of its own, so that its ticks stay in order. */
const ticks = prepareTicks({
  ticks: TICKS,
  symbols: SOCKETS,
  startMs,
  minutes: MINUTES,
  numbered: false,
});

await bench("sockets", full ? "full" : "small", async () => {
  const servers = await BenchServers.start();
  const rates: number[] = [];
  const hashes = new Set<string>();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const subject = await Subject.start(await servers.empty(), {
        FEED_CONNECTIONS_MAX: String(2 * SOCKETS),
      });
      const lines = linesBySocket(ticks);
      const from = performance.now();
      await Promise.all(lines.map((own) => sendOneByOne(subject.feed, own)));
      await subject.applied(TICKS);
      rates.push(TICKS / (performance.now() - from) * 1_000);
      hashes.add(await subject.hash(SOCKETS, startMs));
      await subject.stop();
      console.error(
        `sockets: ${Math.round(rates.at(-1)!).toLocaleString("en")} ticks/s`,
      );
    }
  } finally {
    await servers.close();
  }
  return {
    rounds: ROUNDS,
    hash: [...hashes].join(" "),
    figures: [{
      name: `${SOCKETS} sockets, one tick a packet`,
      unit: "ticks/s",
      values: rates,
      atLeast: 100_000,
    }],
  };
});

function linesBySocket({ chunks }: PreparedTicks): readonly Uint8Array[][] {
  const lines: Uint8Array[][] = Array.from({ length: SOCKETS }, () => []);
  let i = 0;
  for (const { bytes } of chunks) {
    for (let from = 0; from < bytes.length;) {
      const to = bytes.indexOf(NEWLINE, from) + 1;
      lines[i++ % SOCKETS].push(bytes.subarray(from, to));
      from = to;
    }
  }
  return lines;
}

async function sendOneByOne(
  to: string,
  lines: readonly Uint8Array[],
): Promise<void> {
  const [hostname, port] = to.split(":");
  using connection = await Deno.connect({ hostname, port: Number(port) });
  connection.setNoDelay(true);
  for (const line of lines) await connection.write(line);
  await connection.closeWrite();
  await connection.read(new Uint8Array(1));
}
