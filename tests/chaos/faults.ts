import type { App } from "./app.ts";
import type { World } from "./world.ts";

export const FAULT_KINDS = [
  "kill app",
  "pause app",
  "kill Redis",
  "pause Redis",
  "wipe Redis",
  "crash PostgreSQL",
  "pause PostgreSQL",
] as const;
export type FaultKind = typeof FAULT_KINDS[number];

/** A fault as it was: times of `performance.now()`. */
export interface FaultRecord {
  readonly kind: FaultKind;
  /** What was hit. */
  readonly target: string;
  /** Where it listens for feeds, of a program. */
  readonly port: number | null;
  readonly from: number;
  /** All is there again. */
  readonly to: number;
}

/** Longer than the lease, so that somebody else takes over. */
const APP_PAUSE_MS = 2_500;
const SERVER_PAUSE_MS_MAX = 2_000;
const DOWN_MS_MAX = 400;

/** Does things to programs and servers, and puts each right again. */
export class Faults {
  readonly records: FaultRecord[] = [];

  constructor(
    private readonly world: World,
    private readonly random: () => number,
  ) {}

  /** Of a kind, and until what was hit is there again. */
  async do(kind: FaultKind): Promise<void> {
    const from = performance.now();
    const target = await this.#hit(kind);
    const app = this.world.apps.findIndex(({ name }) => name === target);
    const port = this.world.feedPorts[app] ?? null;
    this.records.push({ kind, target, port, from, to: performance.now() });
  }

  /** One of these kinds; sometimes another one at the same time. */
  async doRandom(kinds: readonly FaultKind[]): Promise<void> {
    const first = this.#pick(kinds);
    const others = kinds.filter((kind) => isOther(kind, first));
    const both = others.length > 0 && this.random() < 0.2;
    const done = await Promise.allSettled([
      this.do(first),
      ...(both ? [this.do(this.#pick(others))] : []),
    ]);
    for (const result of done) {
      if (result.status === "rejected") throw result.reason;
    }
  }

  async #hit(kind: FaultKind): Promise<string> {
    const { servers } = this.world;
    switch (kind) {
      case "kill app": {
        const app = this.#pick(this.world.apps);
        await app.kill();
        await this.#sleep(DOWN_MS_MAX);
        await app.start();
        return app.name;
      }
      case "pause app": {
        const app: App = this.#pick(this.world.apps);
        app.signal("SIGSTOP");
        await sleep(APP_PAUSE_MS);
        app.signal("SIGCONT");
        return app.name;
      }
      case "kill Redis":
      case "wipe Redis":
        await servers!.redis.kill();
        if (kind === "wipe Redis") await servers!.redis.wipe();
        await this.#sleep(DOWN_MS_MAX);
        await servers!.redis.start();
        return "redis";
      case "pause Redis":
        servers!.redis.signal("SIGSTOP");
        await this.#sleep(SERVER_PAUSE_MS_MAX);
        servers!.redis.signal("SIGCONT");
        return "redis";
      case "crash PostgreSQL":
        await servers!.postgres.crash();
        await this.#sleep(DOWN_MS_MAX);
        await servers!.postgres.start();
        return "postgres";
      case "pause PostgreSQL":
        await servers!.postgres.signalAll("SIGSTOP");
        await this.#sleep(SERVER_PAUSE_MS_MAX);
        await servers!.postgres.signalAll("SIGCONT");
        return "postgres";
    }
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)];
  }

  #sleep(msMax: number): Promise<void> {
    return sleep(this.random() * msMax);
  }
}

/** Whether two faults hit different things. */
function isOther(a: FaultKind, b: FaultKind): boolean {
  return a.split(" ")[1] !== b.split(" ")[1];
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Numbers in [0, 1), always the same of one seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = state + 0x6d2b79f5 >>> 0;
    let n = Math.imul(state ^ state >>> 15, 1 | state);
    n = n + Math.imul(n ^ n >>> 7, 61 | n) ^ n;
    return ((n ^ n >>> 14) >>> 0) / 0x1_0000_0000;
  };
}
