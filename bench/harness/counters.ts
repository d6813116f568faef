import { cpuSeconds } from "./process_time.ts";
import type { BenchServers } from "./subject.ts";

/** What was done, in all; of which differences are taken. */
export interface Counts {
  /** Entries appended to streams. */
  readonly entries: number;
  /** All that Redis did, also in scripts. */
  readonly commands: number;
  /** To and from Redis. */
  readonly redisBytes: number;
  readonly transactions: number;
  /** Written ahead by PostgreSQL. */
  readonly walBytes: number;
  /** Microseconds of the processes that were named, and of each server. */
  readonly programMicros: number;
  readonly redisMicros: number;
  readonly postgresMicros: number;
}

export const countNames: readonly {
  readonly key: keyof Counts;
  readonly name: string;
  readonly unit: string;
}[] = [
  { key: "entries", name: "entries of streams", unit: "" },
  { key: "commands", name: "Redis commands", unit: "" },
  { key: "redisBytes", name: "bytes to and from Redis", unit: "B" },
  { key: "transactions", name: "transactions", unit: "" },
  { key: "walBytes", name: "WAL of PostgreSQL", unit: "B" },
  { key: "programMicros", name: "processor of the program", unit: "µs" },
  { key: "redisMicros", name: "processor of Redis", unit: "µs" },
  { key: "postgresMicros", name: "processor of PostgreSQL", unit: "µs" },
];

/** PostgreSQL tells what a session did up to a second later. */
const TOLD_MS = 1_500;

/** Reads what servers and processes say that they have done. */
export class Counters {
  constructor(
    private readonly servers: BenchServers,
    private readonly pids: readonly number[],
  ) {}

  async read(): Promise<Counts> {
    const { redis, postgres } = this.servers;
    const programMicros = 1e6 * cpuSeconds(this.pids);
    const info = await redisInfo(redis.port);
    const commands = [...info.matchAll(/^cmdstat_[^:]+:calls=(\d+)/gm)]
      .reduce((sum, [, calls]) => sum + Number(calls), 0);
    const postgresMicros = 1e6 * cpuSeconds(await postgres.pids());
    const wal = await postgres.psql(
      "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')",
    );
    await new Promise((resolve) => setTimeout(resolve, TOLD_MS));
    const transactions = await postgres.psql(
      "select sum(xact_commit) from pg_stat_database",
    );
    const number = (name: string) =>
      Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(info)![1]);
    return {
      entries: Number(/^cmdstat_xadd:calls=(\d+)/m.exec(info)?.[1] ?? 0),
      commands,
      redisBytes: number("total_net_input_bytes") +
        number("total_net_output_bytes"),
      transactions: Number(transactions),
      walBytes: Number(wal),
      programMicros,
      redisMicros: 1e6 *
        (number("used_cpu_user") + number("used_cpu_sys")),
      postgresMicros,
    };
  }

  between(from: Counts, to: Counts): Counts {
    return Object.fromEntries(
      countNames.map(({ key }) => [key, to[key] - from[key]]),
    ) as unknown as Counts;
  }
}

/** All that INFO tells. */
async function redisInfo(port: number): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode("INFO all\r\nQUIT\r\n"));
  return await new Response(connection.readable).text();
}
