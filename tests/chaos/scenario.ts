import assert from "node:assert/strict";
import { type ChaosOptions, type ChaosReport, runChaos } from "./run_chaos.ts";
import { type Servers, serversWorld, type WorldOptions } from "./world.ts";

/** Of each program, with room. */
const RSS_MB_MAX = 640;
/** Ticks a second: little, as tests share their machine. */
const RATE = Number(Deno.env.get("CHAOS_RATE") ?? 6_000);

/** Real processes never repeat themselves: another seed each time. */
export const SEED = Number(Deno.env.get("CHAOS_SEED") ?? Date.now() % 100_000);

export interface Scenario extends Partial<ChaosOptions> {
  readonly script: ChaosOptions["script"];
  readonly world?: WorldOptions;
}

/** Runs one scenario in a world of its own; fails on whatever does not hold. */
export async function scenario(
  servers: Servers,
  name: string,
  { world: options, ...rest }: Scenario,
): Promise<ChaosReport> {
  const world = await serversWorld(servers, options);
  try {
    const report = await runChaos(world, {
      name,
      seed: SEED,
      rssMbMax: RSS_MB_MAX,
      say: console.log,
      ...rest,
      load: { rate: RATE, ...rest.load },
    });
    console.log(JSON.stringify(report));
    assert.deepEqual(report.failures, []);
    return report;
  } finally {
    await world.close();
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
