import {
  OUTCOME_MINUTES,
  type OutcomeView,
  type SignalView,
} from "../pipeline/domain/signal.ts";
import { fields, type Table, type TableColumn } from "./row_table.ts";

/** A part of what came after some minutes; null until it is known. */
function outcome(
  minutes: number,
  part: "entry" | "exit" | "move_bps" | "net_bps" | "no_price",
): TableColumn<SignalView> {
  const of = ({ outcomes }: SignalView): OutcomeView | undefined =>
    outcomes.find((outcome) => outcome.minutes === minutes);
  return {
    name: `${part}_${minutes}m`,
    type: part === "no_price" ? "STRING" : "DOUBLE",
    nullable: true,
    of: (signal) => of(signal)?.[part] ?? null,
  };
}

/** Signals: the fields of `/api/signals`, each outcome as columns. */
export const SIGNAL_TABLE: Table<SignalView> = [
  ...fields<SignalView>("STRING", ["symbol"]),
  ...fields<SignalView>("TIMESTAMP", ["t"]),
  ...fields<SignalView>("INT32", ["version"]),
  ...fields<SignalView>("INT32", ["supersedes"], { nullable: true }),
  ...fields<SignalView>("BOOLEAN", ["superseded"]),
  ...fields<SignalView>("TIMESTAMP", ["made_at"]),
  ...fields<SignalView>("STRING", ["model", "action", "lean", "reason"]),
  ...fields<SignalView>("DOUBLE", [
    "confidence",
    "price",
    "expected_bps",
    "cost_bps",
  ]),
  ...OUTCOME_MINUTES.flatMap((minutes) => [
    outcome(minutes, "entry"),
    outcome(minutes, "exit"),
    outcome(minutes, "move_bps"),
    outcome(minutes, "net_bps"),
    outcome(minutes, "no_price"),
  ]),
];
