import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../../tests/harness/program.ts";
import { bundledIn } from "../../tests/harness/kept_bundle.ts";
import {
  type PostgresServer,
  startPostgres,
} from "../../tests/harness/servers/postgres_server.ts";
import {
  type RedisServer,
  startRedis,
} from "../../tests/harness/servers/redis_server.ts";
import { cpuSeconds, procText } from "./process_time.ts";
import { hashCandles, type HashedCandle } from "./hash_candles.ts";
import { symbolName } from "./prepared_ticks.ts";
import { benchSize } from "./report.ts";

/** What the program keeps ticks and candles in. */
export type StoreKind = "embedded" | "servers";

const ASK_MS = 25;

/** Private servers of a benchmark, with what a program of it is started on. */
export class BenchServers {
  private constructor(
    readonly redis: RedisServer,
    readonly postgres: PostgresServer,
  ) {}

  /** @param settings More of PostgreSQL's. */
  static async start(
    settings: Readonly<Record<string, string>> = {},
  ): Promise<BenchServers> {
    return new BenchServers(
      await startRedis(),
      await startPostgres({ settings }),
    );
  }

  /** Settings of a program on a Redis and a database that hold nothing. */
  async empty(): Promise<Readonly<Record<string, string>>> {
    await this.redis.kill();
    await this.redis.wipe();
    await this.redis.start();
    return {
      REDIS_URL: this.redis.url,
      DATABASE_URL: await this.postgres.createDatabase(),
    };
  }

  async close(): Promise<void> {
    await this.postgres.close();
    await this.redis.close();
  }
}

/** The program, with nothing in its stores, while a benchmark loads it. */
export class Subject {
  /** Done once, so that no program that is measured bundles anything. */
  static #bundled: Promise<void> | null = null;

  private constructor(
    readonly program: Program,
    private readonly dataDir: string,
  ) {}

  /**
   * Starts it and waits until what it does once at a first start is done.
   *
   * @param stores Settings of servers; embedded ones if there are none.
   * @param fill Called before, with the folder of the embedded ones.
   */
  static async start(
    stores: Readonly<Record<string, string>>,
    env: Readonly<Record<string, string>> = {},
    fill?: (dataDir: string) => Promise<void>,
  ): Promise<Subject> {
    if (benchSize() === "full") await (Subject.#bundled ??= bundleOnce());
    const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-bench-" });
    await fill?.(dataDir);
    const program = await startProgram({
      DATA_DIR: dataDir,
      SIMULATE: "off",
      HTTP_PORT: "0",
      FEEDS: "listen://127.0.0.1:0",
      PARTITIONS: "4",
      ...stores,
      ...env,
    });
    await bundled(dataDir);
    return new Subject(program, dataDir);
  }

  get feed(): string {
    return this.program.feeds[0];
  }

  /** Waits until that many ticks are in candles that are committed. */
  async applied(ticks: number): Promise<void> {
    for (;;) {
      const { partitions } = await getJson(this.program, "/api/audit");
      const applied = partitions.reduce(
        (sum: number, p: { applied: number }) => sum + p.applied,
        0,
      );
      if (applied >= ticks) return;
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
  }

  /** Seconds of processor time so far, of all its threads. */
  cpuSeconds(): number {
    return cpuSeconds([this.program.pid]);
  }

  /** Most memory that it had so far, in MB. */
  rssMbMax(): number {
    return this.#memoryMb("VmHWM");
  }

  /** Memory that it has, in MB. */
  rssMb(): number {
    return this.#memoryMb("VmRSS");
  }

  #memoryMb(field: string): number {
    const status = procText(this.program.pid, "status");
    return Number(RegExp(`${field}:\\s+(\\d+)`).exec(status)![1]) / 1_024;
  }

  /** Of all one-minute candles, once the books balance. */
  async hash(symbols: number, startMs: number): Promise<string> {
    const audit = await getJson(this.program, "/api/audit?full=1");
    if (!audit.balanced) throw new Error("The books do not balance");
    const candles: HashedCandle[] = [];
    for (let i = 0; i < symbols; i++) {
      const symbol = symbolName(i);
      const answer = await getJson(
        this.program,
        `/api/candles?symbol=${symbol}&from=${startMs}&limit=10000`,
      );
      for (const candle of answer.candles) candles.push({ symbol, ...candle });
    }
    return hashCandles(candles, startMs);
  }

  async stop(): Promise<void> {
    await this.program.stop();
    await Deno.remove(this.dataDir, { recursive: true });
  }
}

/** A program that does nothing else leaves the islands' code to others. */
async function bundleOnce(): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-bench-" });
  const program = await startProgram({
    DATA_DIR: dataDir,
    SIMULATE: "off",
    HTTP_PORT: "0",
    FEEDS: "listen://127.0.0.1:0",
  });
  await bundled(dataDir);
  await program.stop();
  await Deno.remove(dataDir, { recursive: true });
}

async function bundled(dataDir: string): Promise<void> {
  await until(
    "the islands' code",
    () => bundledIn(dataDir),
    (builds) => builds.length > 0,
  );
}
