import { assertNever } from "../../pipeline/domain/assert.ts";
import { writeWanted } from "../../pipeline/domain/partition_layout.ts";
import type {
  PartitionMap,
  WantedDivision,
} from "../../pipeline/domain/partition_map.ts";
import { SimStreams } from "./sim_buffer.ts";
import { makeFeed, type SimFeed } from "./sim_lines.ts";
import {
  checkAck,
  checkEnd,
  checkForgotten,
  isRolledUp,
} from "./sim_oracle.ts";
import { startNode } from "./sim_node.ts";
import { type FaultPlan, type SimNetwork, SimProcess } from "./sim_process.ts";
import type { SimRandom } from "./sim_random.ts";
import { SimScheduler } from "./sim_scheduler.ts";
import { type SimListener, SimSource } from "./sim_source.ts";
import { SimWarehouse } from "./sim_store.ts";

export interface Scenario {
  readonly partitions: number;
  readonly processes: number;
  readonly feeds: number;
  readonly linesPerFeed: number;
  /** Virtual time during which lines come, and things go wrong. */
  readonly lengthMs: number;
  readonly faults: FaultPlan;
  /** Moments at which the buffer loses something, or is full. */
  readonly accidents: readonly Accident[];
  /** In the order of their times. */
  readonly divisions: readonly PlannedDivision[];
}

/** When partitions are to be divided, and when that is given up. */
export interface PlannedDivision {
  readonly atMs: number;
  /** Each into so many, or symbols that get one of their own. */
  readonly into: { readonly by: number } | { readonly pins: readonly string[] };
  readonly giveUpAtMs: number | null;
}

export interface Accident {
  readonly atMs: number;
  readonly kind: "wipe" | "lose_tail" | "full";
  /** How far a buffer that was wiped has its clock put back. */
  readonly clockBackMs: number;
}

export interface RunResult {
  /** What was wrong, or `null`. */
  readonly failure: unknown;
  /** The same for two runs if all that happened in them is the same. */
  readonly hash: number;
  readonly calls: number;
  readonly virtualMs: number;
  readonly trace: readonly string[];
}

export const START = 1_764_028_845_000_000;
export const MS = 1_000;
/** Once nothing goes wrong any more, all must be done within this. */
const DRAIN_MS = 90_000;
const RESTART_MS_MAX = 400;

/** Runs one scenario; all that is left to chance comes from `random`. */
export async function runScenario(
  scenario: Scenario,
  random: SimRandom,
  { keepsTrace = false }: { readonly keepsTrace?: boolean } = {},
): Promise<RunResult> {
  const world = new SimWorld(scenario, random, keepsTrace);
  await world.run();
  const { scheduler, network, failure } = world;
  return {
    failure,
    hash: scheduler.hash,
    calls: network.calls,
    virtualMs: (scheduler.now - START) / MS,
    trace: scheduler.trace,
  };
}

/** `null` if there is nothing left to divide in that way. */
function wantedOf(
  { partitions, hashed, pinned }: PartitionMap,
  into: PlannedDivision["into"],
): WantedDivision | null {
  if ("by" in into) {
    return { partitions: partitions + hashed.length * (into.by - 1) };
  }
  const pins = into.pins.filter((symbol) => !pinned.has(symbol));
  if (pins.length === 0) return null;
  return { partitions: partitions + pins.length, pins };
}

class SimWorld {
  failure: unknown = null;
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly #streams: SimStreams;
  readonly #warehouse: SimWarehouse;
  readonly #feeds: readonly SimFeed[];
  readonly #sources: readonly SimSource[];
  readonly #listeners = new Map<string, SimListener>();
  #calm = false;
  #boots = 0;

  constructor(
    private readonly scenario: Scenario,
    private readonly random: SimRandom,
    keepsTrace: boolean,
  ) {
    const { partitions, processes, feeds, linesPerFeed } = scenario;
    const scheduler = this.scheduler = new SimScheduler(START, keepsTrace);
    this.#warehouse = new SimWarehouse(scheduler, partitions);
    this.#streams = new SimStreams(
      scheduler,
      (stream, entry) =>
        this.#judge(() => checkForgotten(this.#warehouse, stream, entry)),
    );
    this.network = {
      scheduler,
      random,
      calls: 0,
      faults: (call) => this.#calm ? "none" : scenario.faults(call),
      crash: (process) => this.#crash(process),
      onBug: (error) => this.#onBug(error),
    };
    this.#feeds = Array.from({ length: feeds }, (_, i) =>
      makeFeed(`feed${i}`, {
        random,
        count: linesPerFeed,
        start: START,
        lengthMicros: scenario.lengthMs * MS,
      }));
    for (let i = 0; i < processes; i++) this.#start(`node${i}`);
    this.#sources = this.#feeds.map((feed) =>
      new SimSource({
        feed,
        scheduler,
        random,
        listeners: () => [...this.#listeners.values()],
        onAck: (seq) => {
          scheduler.note(`${feed.key.feed} acked ${seq}`);
          this.#judge(() => checkAck(this.#warehouse, feed, seq));
        },
        onBug: (error) => this.#onBug(error),
      })
    );
    for (const accident of scenario.accidents) {
      scheduler.in(accident.atMs * MS, () => this.#accident(accident));
    }
    for (const division of scenario.divisions) this.#plan(division);
  }

  #plan({ atMs, into, giveUpAtMs }: PlannedDivision): void {
    const warehouse = this.#warehouse;
    let asked: WantedDivision | null = null;
    this.scheduler.in(atMs * MS, () => {
      const wanted = wantedOf(warehouse.map, into);
      // One at a time, as the warehouse has it.
      if (wanted === null || warehouse.wanted !== null) return;
      this.scheduler.note(`${writeWanted(wanted)} is wanted`);
      warehouse.wanted = asked = wanted;
    });
    if (giveUpAtMs === null) return;
    this.scheduler.in(giveUpAtMs * MS, () => {
      if (asked === null || warehouse.wanted !== asked) return;
      this.scheduler.note("nothing is wanted");
      warehouse.wanted = null;
    });
  }

  async run(): Promise<void> {
    const { scheduler, scenario } = this;
    const broken = () => this.failure !== null;
    await scheduler.run(broken, START + scenario.lengthMs * MS);
    if (broken()) return;
    this.#calm = true;
    scheduler.note("calm");
    for (const source of this.#sources) source.calm();
    const deadline = scheduler.now + DRAIN_MS * MS;
    const drained = await scheduler.run(
      () =>
        broken() || (this.#warehouse.wanted === null &&
          this.#sources.every(({ done }) => done)),
      deadline,
    );
    if (broken()) return;
    if (!drained) return this.#onBug(new Error(this.#whatIsLeft()));
    // Counts of duplicates come in a little later than what they are of.
    await scheduler.run(broken, scheduler.now + 3_000 * MS);
    // And longer candles a little later than their minutes.
    await scheduler.run(
      () => broken() || isRolledUp(this.#warehouse),
      scheduler.now + DRAIN_MS * MS,
    );
    if (!broken()) this.#judge(() => checkEnd(this.#warehouse, this.#feeds));
  }

  #whatIsLeft(): string {
    const acked = this.#feeds.map(({ key, lines }, i) =>
      `${key.feed} ${this.#sources[i].acked} of ${lines.length}`
    );
    const { wanted } = this.#warehouse;
    if (wanted !== null) acked.push(`${writeWanted(wanted)} is wanted`);
    return `not done ${DRAIN_MS} ms after the last fault: ${acked.join(", ")}`;
  }

  #judge(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#onBug(error);
    }
  }

  #onBug(error: unknown): void {
    this.scheduler.note(`BUG ${error}`);
    this.failure ??= error;
  }

  #accident({ kind, clockBackMs }: Accident): void {
    const { random } = this;
    const downMicros = random.between(2, 300) * MS;
    switch (kind) {
      case "wipe":
        return this.#streams.wipe(downMicros, clockBackMs * MS);
      case "lose_tail":
        return this.#streams.loseTail(random.between(5, 800) * MS, downMicros);
      case "full":
        return this.#streams.fill(random.between(50, 1_500) * MS);
      default:
        return assertNever(kind);
    }
  }

  #crash(process: SimProcess): void {
    if (!process.alive) return;
    this.scheduler.note(`${process.name} crashes`);
    process.crash();
    this.#listeners.delete(process.name);
    this.scheduler.in(this.random.between(20, RESTART_MS_MAX) * MS, () => {
      this.#start(process.name);
    });
  }

  #start(name: string): void {
    const process = new SimProcess(name, this.network);
    startNode({
      process,
      boot: ++this.#boots,
      streams: this.#streams,
      warehouse: this.#warehouse,
      shared: this.scenario.processes > 1,
      note: (what) => this.scheduler.note(what),
      onListening: (ingest) => this.#listeners.set(name, { process, ingest }),
      onBug: (error) => this.#onBug(error),
    });
  }
}
