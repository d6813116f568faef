/**
 * A backlog that came while nothing made candles: from the start of the
 * process that makes them until all of it is committed, on Redis and
 * PostgreSQL.
 *
 * `deno task bench backlog`
 */
import { startProgram, until } from "../tests/harness/program.ts";
import { prepareTicks, startMsBefore } from "./harness/prepared_ticks.ts";
import { bench, benchSize } from "./harness/report.ts";
import { sendPlain } from "./harness/send_ticks.ts";
import { BenchServers, Subject } from "./harness/subject.ts";

const full = benchSize() === "full";
const ROUNDS = full ? 3 : 1;
const TICKS = full ? 1_000_000 : 20_000;
const SYMBOLS = 100;
const MINUTES = 5;

const startMs = startMsBefore(MINUTES);
const ticks = prepareTicks({
  ticks: TICKS,
  symbols: SYMBOLS,
  startMs,
  minutes: MINUTES,
  numbered: false,
});

await bench("backlog", full ? "full" : "small", async () => {
  const servers = await BenchServers.start();
  const seconds: number[] = [];
  const hashes = new Set<string>();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const stores = await servers.empty();
      await fill(stores);
      const from = performance.now();
      const subject = await Subject.start(stores, {
        ROLES: "aggregate,web",
        FEEDS: "",
      });
      await subject.applied(TICKS);
      seconds.push((performance.now() - from) / 1_000);
      hashes.add(await subject.hash(SYMBOLS, startMs));
      await subject.stop();
      console.error(`backlog: ${seconds.at(-1)!.toFixed(2)} s`);
    }
  } finally {
    await servers.close();
  }
  return {
    rounds: ROUNDS,
    hash: [...hashes].join(" "),
    figures: [{
      name: `${TICKS.toLocaleString("en")} ticks that waited, to candles`,
      unit: "s",
      values: seconds,
      atMost: 10,
    }],
  };
});

/** Puts all ticks into the buffer, and nothing reads them. */
async function fill(stores: Readonly<Record<string, string>>): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-bench-" });
  const feeds = await startProgram({
    ...stores,
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    ROLES: "feed",
    SIMULATE: "off",
    FEEDS: "listen://127.0.0.1:0",
    PARTITIONS: "4",
  });
  await sendPlain(feeds.feeds[0], ticks);
  // What a plain feed sent is in the buffer once its connection was read to its
  // end: until then a stop may lose the rest.
  await until(
    "a connection read to its end",
    () => Promise.resolve(feeds.log),
    (log) => log.some((line) => line.includes(`"received":${TICKS},`)),
  );
  await feeds.stop();
  await Deno.remove(dataDir, { recursive: true });
}
