import type { ChartView, ViewState } from "../../chart/types.ts";
import { apiUrl } from "./api_client.ts";
import type { CandlesOf } from "./instrument_requests.ts";

/** Of one answer; no view has more. */
const CANDLES_MAX = 10_000;

/** Which candles are in sight. */
export interface Sight {
  /** The chart's view, once it is there. */
  readonly view: Pick<ViewState, "fromT" | "lastT"> | undefined;
  /** The part of the history that the page was asked for. */
  readonly linked: ChartView | null;
  /** How many of the newest candles the server drew otherwise. */
  readonly drawn: number;
}

/** Address of the candles in sight, as CSV. */
export function csvAddress(
  of: CandlesOf,
  { view, linked, drawn }: Sight,
): string {
  return apiUrl("/api/candles", {
    ...of,
    ...(view?.fromT != null && view.lastT !== null
      ? { from: view.fromT, to: view.lastT + 1, limit: CANDLES_MAX }
      : linked?.toT != null
      ? { to: linked.toT + 1, limit: limitOf(linked.slots) }
      : { limit: limitOf(drawn) }),
    format: "csv",
  });
}

function limitOf(candles: number): number {
  return Math.min(Math.max(1, Math.round(candles)), CANDLES_MAX);
}
