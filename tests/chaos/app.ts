import { bundledIn, keepBundle } from "../harness/kept_bundle.ts";
import {
  type Program,
  ProgramEndedError,
  startProgram,
  until,
} from "../harness/program.ts";

/** The program ended by itself. */
export interface UnexpectedExit {
  readonly app: string;
  readonly code: number;
  readonly log: readonly string[];
}

const SAMPLE_MS = 1_000;
/** Starts that may fail one after the other. */
const TRIES_MAX = 5;

/**
 * The program under a supervisor: started again when it ends by itself, which
 * is counted, and watched for its memory.
 */
export class App {
  readonly unexpected: UnexpectedExit[] = [];
  /** Highest resident memory seen of any of its lives, in MB. */
  rssMbMax = 0;
  /** Lives so far. */
  starts = 0;
  /** Time from start to listening of the slowest life, in ms. */
  startMsMax = 0;
  #program: Program | null = null;
  #starting: Promise<Program> | null = null;
  #wanted = false;
  #sampler: ReturnType<typeof setInterval> | null = null;

  constructor(
    readonly name: string,
    private readonly env: Readonly<Record<string, string>>,
    /** What runs it. */
    private readonly under: readonly string[] = [],
  ) {}

  /** Of the life that it has now. */
  get program(): Program {
    if (this.#program === null) throw new Error(`${this.name} does not run`);
    return this.#program;
  }

  /** Starts it, and again if it ends before it listens. */
  async start(): Promise<Program> {
    this.#wanted = true;
    this.#sampler ??= setInterval(() => this.#sample(), SAMPLE_MS);
    const from = performance.now();
    const starting = this.#starting = this.#started();
    const program = this.#program = await starting;
    this.starts++;
    this.startMsMax = Math.max(this.startMsMax, performance.now() - from);
    program.ended.then(async (code) => {
      if (!this.#wanted || this.#program !== program) return;
      this.unexpected.push({
        app: this.name,
        code,
        log: program.log.slice(-20),
      });
      this.#program = null;
      await this.start().catch((error) =>
        this.unexpected.push({ app: this.name, code: -1, log: [`${error}`] })
      );
    });
    return program;
  }

  /**
   * It has bundled the islands' code, and the next ones need not: what is
   * looked at here is what it does after that.
   */
  async bundled(): Promise<void> {
    const { DATA_DIR } = this.env;
    await until(
      "the islands' code",
      () => bundledIn(DATA_DIR),
      (builds) => builds.length > 0,
    );
    await keepBundle(DATA_DIR);
  }

  async #started(): Promise<Program> {
    for (let tries = 1;; tries++) {
      try {
        return await startProgram(this.env, { under: this.under });
      } catch (error) {
        if (!(error instanceof ProgramEndedError)) throw error;
        const log = error.written.split("\n").slice(-20);
        this.unexpected.push({ app: this.name, code: error.code, log });
        if (tries >= TRIES_MAX) throw error;
      }
    }
  }

  /** SIGKILL; it stays away until `start`. */
  async kill(): Promise<void> {
    this.#wanted = false;
    const program = await this.#current();
    this.#program = null;
    await program?.kill();
  }

  /** SIGTERM; it stays away until `start`. */
  async stop(): Promise<{ readonly code: number; readonly log: string }> {
    this.#wanted = false;
    const program = await this.#current();
    this.#program = null;
    if (program === null) throw new Error(`${this.name} does not run`);
    return await program.stop();
  }

  signal(signal: Deno.Signal): void {
    this.#program?.signal(signal);
  }

  /** Ends it, however it is. */
  async close(): Promise<void> {
    if (this.#sampler !== null) clearInterval(this.#sampler);
    this.#sampler = null;
    this.signal("SIGCONT");
    await this.kill().catch(() => {});
  }

  async #current(): Promise<Program | null> {
    await this.#starting?.catch(() => {});
    this.#sample();
    return this.#program;
  }

  #sample(): void {
    if (this.#program === null) return;
    this.rssMbMax = Math.max(this.rssMbMax, rssMb(this.#program.pid));
  }
}

/** Highest resident memory of a process so far in MB; 0 once it has ended. */
function rssMb(pid: number): number {
  // Reading /proc itself needs more permissions than tests have.
  const { stdout } = new Deno.Command("cat", {
    args: [`/proc/${pid}/status`],
    stdout: "piped",
    stderr: "null",
  }).outputSync();
  const status = new TextDecoder().decode(stdout);
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
}
