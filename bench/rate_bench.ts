/**
 * Ticks a second from a socket to candles that are committed: the program on
 * its embedded stores and on Redis and PostgreSQL, plain and with acks, beside
 * the pure pipe and a straightforward pipeline, in turns in one run. Generator
 * and servers are on the same cores. All must come to the same candles.
 *
 * `deno task bench rate`
 */
import assert from "node:assert/strict";
import { bench, benchSize } from "./harness/report.ts";
import { startPeer } from "./harness/peer.ts";
import {
  type PreparedTicks,
  prepareTicks,
  startMsBefore,
} from "./harness/prepared_ticks.ts";
import { sendAcked, sendPlain } from "./harness/send_ticks.ts";
import { BenchServers, type StoreKind, Subject } from "./harness/subject.ts";

const size = benchSize();
const SYMBOLS = 100;
const MINUTES = 5;
const ROUNDS = size === "full" ? 3 : 1;
const TICKS = size === "full" ? 3_000_000 : 60_000;
/** The straightforward pipeline takes some thirty times as long. */
const FEW_TICKS = size === "full" ? 100_000 : 10_000;

const startMs = startMsBefore(MINUTES);
const plan = { symbols: SYMBOLS, startMs, minutes: MINUTES };
const plain = prepareTicks({ ...plan, ticks: TICKS, numbered: false });
const numbered = prepareTicks({ ...plan, ticks: TICKS, numbered: true });
const disorderly = prepareTicks({
  ...plan,
  ticks: TICKS,
  numbered: true,
  disorder: { duplicates: 0.05, late: 0.05, bad: 0.05 },
});
const few = prepareTicks({ ...plan, ticks: FEW_TICKS, numbered: false });

/** Sent before anything is timed: the loops' code is compiled by then. */
const warmUp = prepareTicks({
  ...plan,
  startMs: startMs - MINUTES * 60_000,
  ticks: TICKS / 10,
  numbered: false,
});

/** What one way of doing it did in one round. */
interface Run {
  readonly rate: number;
  readonly hash: string;
  readonly cpuMicros?: number;
  readonly rssMb?: number;
}

await bench("rate", size, async () => {
  const servers = await BenchServers.start();
  const lanes: Readonly<Record<string, () => Promise<Run>>> = {
    pipe: () => ofPeer("pure_pipe.ts", plain, []),
    straightforward: async () => {
      const { REDIS_URL, DATABASE_URL } = await servers.empty();
      return await ofPeer("straightforward.ts", few, [REDIS_URL, DATABASE_URL]);
    },
    serversPlain: () => ofProgram("servers", plain, false),
    serversAcked: () => ofProgram("servers", numbered, true),
    serversDisorder: () => ofProgram("servers", disorderly, true),
    embeddedPlain: () => ofProgram("embedded", plain, false),
  };

  async function ofPeer(
    file: string,
    ticks: PreparedTicks,
    args: readonly string[],
  ): Promise<Run> {
    const count = ticks.plan.ticks;
    const peer = await startPeer(file, [`${count}`, `${startMs}`, ...args]);
    const from = performance.now();
    const sending = sendPlain(peer.address, ticks);
    const { hash } = await peer.done;
    const rate = count / (performance.now() - from) * 1_000;
    await sending.catch(() => {}); // it has closed the connection
    return { rate, hash };
  }

  async function ofProgram(
    kind: StoreKind,
    ticks: PreparedTicks,
    acked: boolean,
  ): Promise<Run> {
    const subject = await Subject.start(
      kind === "servers" ? await servers.empty() : {},
    );
    await sendPlain(subject.feed, warmUp);
    await subject.applied(warmUp.accepted);
    const cpu = subject.cpuSeconds();
    const from = performance.now();
    if (acked) await sendAcked(subject.feed, "bench", ticks);
    else await sendPlain(subject.feed, ticks);
    await subject.applied(warmUp.accepted + ticks.accepted);
    const seconds = (performance.now() - from) / 1_000;
    const run = {
      rate: ticks.plan.ticks / seconds,
      cpuMicros: (subject.cpuSeconds() - cpu) / ticks.plan.ticks * 1e6,
      rssMb: subject.rssMbMax(),
      hash: await subject.hash(SYMBOLS, startMs),
    };
    await subject.stop();
    return run;
  }

  const runs = new Map<string, Run[]>();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, lane] of Object.entries(lanes)) {
        const run = await lane();
        runs.set(name, [...runs.get(name) ?? [], run]);
        console.error(
          `rate: round ${round + 1}, ${name}: ${
            Math.round(run.rate).toLocaleString("en")
          } ticks/s`,
        );
      }
    }
  } finally {
    await servers.close();
  }

  const hashes = (
    name: string,
  ) => [...new Set(runs.get(name)!.map(({ hash }) => hash))];
  const [whole, short, disorder] = [
    hashes("pipe"),
    hashes("straightforward"),
    hashes("serversDisorder"),
  ];
  for (const name of ["serversPlain", "serversAcked", "embeddedPlain"]) {
    assert.deepEqual(hashes(name), whole, `candles of ${name}`);
  }
  assert.equal(short.length, 1);
  assert.equal(disorder.length, 1);

  const rates = (name: string) => runs.get(name)!.map(({ rate }) => rate);
  const over = (name: string, other: string, factor = 1) =>
    rates(name).map((rate, i) => factor * rate / rates(other)[i]);
  const all = (name: string, of: "cpuMicros" | "rssMb") =>
    runs.get(name)!.map((run) => run[of]!);
  const unit = "ticks/s";
  return {
    rounds: ROUNDS,
    hash: [...whole, ...short, ...disorder].join(" "),
    figures: [
      {
        name: "plain feed, Redis and PostgreSQL",
        unit,
        values: rates("serversPlain"),
        atLeast: 1_000_000,
      },
      {
        name: "feed with acks, Redis and PostgreSQL",
        unit,
        values: rates("serversAcked"),
        atLeast: 500_000,
      },
      {
        name: "plain feed, embedded",
        unit,
        values: rates("embeddedPlain"),
        atLeast: 800_000,
      },
      {
        name: "a straightforward pipeline",
        unit,
        values: rates("straightforward"),
      },
      {
        name: "program ÷ straightforward",
        unit: "times",
        values: over("serversPlain", "straightforward"),
        atLeast: 15,
      },
      { name: "pure pipe, no store", unit, values: rates("pipe") },
      {
        name: "program ÷ pure pipe",
        unit: "%",
        values: over("serversPlain", "pipe", 100),
        atLeast: 45,
      },
      {
        name: "late, twice and bad lines, 5 % each ÷ none",
        unit: "%",
        values: over("serversDisorder", "serversAcked", 100),
        atLeast: 60,
      },
      {
        name: "processor a tick, program on Redis and PostgreSQL",
        unit: "µs",
        values: all("serversPlain", "cpuMicros"),
      },
      {
        name: "memory at the top rate, Redis and PostgreSQL",
        unit: "MB",
        values: all("serversPlain", "rssMb"),
        atMost: 400,
      },
    ],
  };
});
