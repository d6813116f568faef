/**
 * `deno task replay` of a file of ticks into an empty warehouse on Redis and
 * PostgreSQL, from the command to its end, when each tick is committed: reading
 * the file twice, its hash, and the start of the task are in it.
 *
 * `deno task bench:long replay`
 */
import { bench, benchSize } from "./harness/report.ts";
import { prepareTicks, startMsBefore } from "./harness/prepared_ticks.ts";
import { BenchServers, Subject } from "./harness/subject.ts";

const full = benchSize() === "full";
const SYMBOLS = 100;
const MINUTES = 5;
/** Prepared one after the other, as all would not fit into memory. */
const PARTS = full ? 10 : 2;
const PART_TICKS = full ? 1_000_000 : 20_000;
const TICKS = PARTS * PART_TICKS;
const startMs = startMsBefore(PARTS * MINUTES);

await bench("replay", full ? "full" : "small", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tickhouse-bench-" });
  const path = `${folder}/ticks.ndjson`;
  const servers = await BenchServers.start();
  try {
    await writeTicks(path);
    const subject = await Subject.start(await servers.empty());
    const from = performance.now();
    const { added, complete } = await replay(path, subject.feed);
    const seconds = (performance.now() - from) / 1_000;
    if (!complete || added !== TICKS) {
      throw new Error(`${added} of ${TICKS} ticks were added`);
    }
    const hash = await subject.hash(SYMBOLS, startMs);
    await subject.stop();
    return {
      rounds: 1,
      hash,
      figures: [
        {
          name: `replay of ${TICKS.toLocaleString("en")} ticks, all committed`,
          unit: "s",
          values: [seconds],
          ...full && { atMost: 20 },
        },
        {
          name: "the same a second",
          unit: "ticks/s",
          values: [TICKS / seconds],
        },
      ],
    };
  } finally {
    await servers.close();
    await Deno.remove(folder, { recursive: true });
  }
});

async function writeTicks(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  for (let part = 0; part < PARTS; part++) {
    const { chunks } = prepareTicks({
      ticks: PART_TICKS,
      symbols: SYMBOLS,
      startMs: startMs + part * MINUTES * 60_000,
      minutes: MINUTES,
      numbered: false,
    });
    for (const { bytes } of chunks) {
      for (let at = 0; at < bytes.length;) {
        at += await file.write(bytes.subarray(at));
      }
    }
  }
}

/** As a user calls it, in a process of its own. */
async function replay(
  path: string,
  to: string,
): Promise<{ readonly added: number; readonly complete: boolean }> {
  const task = new URL("../tasks/replay.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--allow-net", "--allow-read", task],
      ...["--to", to, path],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}
