/** What takes too long for every change: for `deno task soak`. */
import assert from "node:assert/strict";
import type { PostgresServer } from "../harness/servers/postgres_server.ts";
import { type Scenario, sleep } from "./scenario.ts";

export interface RareScenario extends Scenario {
  readonly name: string;
  /** What this machine lacks for it, if something. */
  readonly missing?: string;
}

const ROLLED_BACK_MS = 10_000;
const ROUNDS = 3;
/** Of Debian's package `faketime`, by the machine's kind. */
const FAKE_CLOCKS = ["x86_64", "aarch64"].map((kind) =>
  `/usr/lib/${kind}-linux-gnu/faketime/libfaketime.so.1`
);
const FAKE_CLOCK = FAKE_CLOCKS.find(exists);
/** Says how far the clock of program b is off; as it is while it is missing. */
const CLOCK_FILE = `/tmp/tickhouse-clock-${crypto.randomUUID()}`;
/** Ticks that are sent as fast as they are taken. */
const BACKLOG_TICKS = 1_000_000;

export const RARE_SCENARIOS: readonly RareScenario[] = [
  {
    name: "PostgreSQL comes back as it was 10 s before",
    // What it was told then it does not know any more; the stream still does.
    acksMayFall: true,
    async script({ servers, moving }) {
      const { postgres } = servers!;
      const copy = await Deno.makeTempDir({ prefix: "tickhouse-copy-" });
      try {
        await postgres.crash();
        await copyData(postgres, `${copy}/data`);
        await postgres.start();
        await moving();
        await sleep(ROLLED_BACK_MS);
        await postgres.crash();
        await Deno.remove(postgres.dir, { recursive: true });
        await moveData(`${copy}/data`, postgres);
        await postgres.start();
        await moving();
      } finally {
        await Deno.remove(copy, { recursive: true });
      }
    },
  },
  {
    name: "the clock of one program is an hour slow, then an hour fast",
    missing: FAKE_CLOCK ? undefined : "libfaketime",
    world: {
      envOf: (name): Record<string, string> =>
        name !== "b" ? {} : {
          LD_PRELOAD: FAKE_CLOCK!,
          FAKETIME_TIMESTAMP_FILE: CLOCK_FILE,
          FAKETIME_NO_CACHE: "1",
          FAKETIME_DONT_FAKE_MONOTONIC: "1",
        },
    },
    async script({ apps, servers, moving }) {
      const [, b] = apps;
      const now = async () =>
        Date.parse((await fetch(b.program.http)).headers.get("date")!);
      try {
        for (const off of ["-1h", "+1h"]) {
          await Deno.writeTextFile(CLOCK_FILE, `${off}\n`);
          await moving();
          const ms = await now() - Date.now();
          assert(Math.abs(ms) > 3_000_000, `its clock is ${ms} ms off`);
          await apps[0].kill();
          await moving();
          await apps[0].start();
          await servers!.redis.kill();
          await servers!.redis.wipe();
          await servers!.redis.start();
          await moving();
          await b.kill();
          await b.start();
          await moving();
        }
      } finally {
        await Deno.remove(CLOCK_FILE);
      }
    },
  },
  {
    name: "programs are replaced one after the other under load",
    async script({ apps, moving }) {
      for (let round = 0; round < ROUNDS; round++) {
        for (const app of apps) {
          const { code, log } = await app.stop();
          assert.equal(code, 0, log);
          await moving();
          await app.start();
          await moving();
        }
      }
    },
  },
  {
    name: "a million ticks as fast as they are taken",
    load: { rate: Infinity },
    script: ({ load, until }) =>
      until("a million acks", () => load.ackedTotal >= BACKLOG_TICKS),
  },
];

function copyData(from: PostgresServer, to: string): Promise<void> {
  return run("cp", "-a", from.dir, to);
}

function moveData(from: string, to: PostgresServer): Promise<void> {
  return run("cp", "-a", from, to.dir);
}

async function run(program: string, ...args: readonly string[]) {
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
