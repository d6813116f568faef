import { fnv1a } from "./hash.ts";

/** Making forecasts, as it is told among the tasks of processes. */
export const FORECAST_TASK = "forecast";

/**
 * Parts into which instruments are divided for whoever forecasts them. Fixed,
 * and apart from the partitions of ticks, so that a division changes none.
 */
export const FORECAST_SHARDS = 256;

/** The shard, 0 to `FORECAST_SHARDS` - 1, of a symbol. */
export function forecastShardOf(symbol: string): number {
  return fnv1a(symbol) % FORECAST_SHARDS;
}

/** A shard, as one process has claimed it. */
export interface ShardClaim {
  readonly shard: number;
  /** Of this claim; what is stored under an older one is refused. */
  readonly epoch: number;
}
