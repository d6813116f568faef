import type { Fault } from "./sim_process.ts";
import { SYMBOLS } from "./sim_lines.ts";
import { SimRandom, withSeededGlobals } from "./sim_random.ts";
import {
  MS,
  type PlannedDivision,
  type RunResult,
  runScenario,
  type Scenario,
  START,
} from "./sim_world.ts";

const CLOCK_BACK_MS = 3_600_000;
const KINDS: readonly Fault[] = [
  "before",
  "after",
  "zombie",
  "delay",
  "crash",
  "crash_after",
  "pause",
];

/** Makes up a scenario from a seed, and runs it: the same every time. */
export function runSeed(
  seed: number,
  options: { readonly keepsTrace?: boolean } = {},
): Promise<RunResult> {
  const random = new SimRandom(seed);
  const scenario = scenarioOf(random);
  return withSeededGlobals(
    random,
    () => runScenario(scenario, random, options),
  );
}

/** What a person does to see a run again. */
export function replayCommand(seed: number): string {
  return `deno task dst --seed=${seed}`;
}

/** The scenario that a seed stands for; takes its first draws. */
export function scenarioOf(random: SimRandom): Scenario {
  const lengthMs = random.between(1_200, 3_000);
  const feeds = random.between(1, 3);
  const rate = random.pick([0, 0.01, 0.03, 0.1]);
  // Each kind is on or off, so that some runs are all of one kind.
  const kinds = KINDS.filter(() => random.chance(0.6));
  const dividedAtMs = random.between(0, lengthMs);
  const accidents = Array.from({ length: random.between(0, 2) }, () => ({
    // Often in the midst of a division.
    atMs: random.chance(0.5)
      ? dividedAtMs + random.between(1, 900)
      : random.between(100, lengthMs),
    kind: random.pick(["wipe", "lose_tail", "full"] as const),
  }));
  // Positions that fall within one stream are more than it promises to bear.
  // With both, positions of one stream could fall: not what it must bear.
  const losesTail = accidents.some(({ kind }) => kind === "lose_tail");
  const clockBackMs = !losesTail && random.chance(0.5) ? CLOCK_BACK_MS : 0;
  const slowly = accidents.filter(() => random.chance(0.5))
    .map(({ atMs }) => ({ fromMs: atMs - 300, toMs: atMs + 500 }));
  return {
    partitions: random.pick([1, 2, 4]),
    processes: random.between(1, 2),
    feeds,
    linesPerFeed: Math.floor(random.between(200, 500) / feeds),
    lengthMs,
    divisions: random.chance(0.6) ? divisionsOf(random, dividedAtMs) : [],
    accidents: accidents.map((accident) => ({
      ...accident,
      clockBackMs,
    })),
    faults: ({ name, micros }) => {
      const ms = (micros - START) / MS;
      // What was read is lost while its commit is on its way.
      const slow = name === "commit" &&
        slowly.some(({ fromMs, toMs }) => fromMs <= ms && ms <= toMs);
      if (slow && random.chance(0.7)) return "delay";
      if (kinds.length === 0 || !random.chance(rate)) return "none";
      const kind = random.pick(kinds);
      // What stops a whole process is rarer than what concerns one call.
      const whole = kind === "crash" || kind === "crash_after" ||
        kind === "pause";
      return whole && !random.chance(0.15) ? "none" : kind;
    },
  };
}

/** One, and often another one behind it. */
function divisionsOf(
  random: SimRandom,
  atMs: number,
): readonly PlannedDivision[] {
  const division = (atMs: number): PlannedDivision => ({
    atMs,
    into: random.chance(0.5)
      ? { by: random.pick([2, 3, 4]) }
      : { pins: SYMBOLS.filter(() => random.chance(0.4)) },
    giveUpAtMs: random.chance(0.2) ? atMs + random.between(0, 800) : null,
  });
  const first = division(atMs);
  if (!random.chance(0.5)) return [first];
  return [first, division(atMs + random.between(300, 1_500))];
}
