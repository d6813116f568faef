import type { Signal } from "../pipeline/domain/signal.ts";
import type { Row } from "./db.ts";
import { micros } from "./sql_values.ts";

/** Of `signals s` and its `instruments i`, as `signalOf` reads them. */
export const SIGNAL_COLUMNS = `i.symbol, to_micros(s.t)::float8 as t, s.version,
  to_micros(s.made_at)::float8 as made_at, s.model, s.action, s.lean, s.reason,
  s.confidence, s.price, s.expected_bps, s.cost_bps`;

export function signalOf(row: Row): Signal {
  return {
    symbol: row.symbol as string,
    t: micros(row.t),
    version: row.version as number,
    madeAt: micros(row.made_at),
    model: row.model as string,
    action: row.action as Signal["action"],
    lean: row.lean as Signal["lean"],
    reason: row.reason as string,
    confidence: row.confidence as number,
    price: row.price as number,
    expectedBps: row.expected_bps as number,
    costBps: row.cost_bps as number,
  };
}
