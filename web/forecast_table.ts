import type { ForecastView } from "../pipeline/domain/forecast.ts";
import { fields, type Table } from "./row_table.ts";

const optional = { nullable: true };

/** Forecasts: the fields of `/api/forecasts`, the order as three columns. */
export const FORECAST_TABLE: Table<ForecastView> = [
  ...fields<ForecastView>("STRING", ["symbol"]),
  ...fields<ForecastView>("TIMESTAMP", ["t"]),
  ...fields<ForecastView>("INT32", ["horizon"]),
  ...fields<ForecastView>("STRING", ["model"]),
  ...(["p", "d", "q"] as const).map((name, i) => ({
    name: `order_${name}`,
    type: "INT32" as const,
    nullable: false,
    of: ({ order }: ForecastView) => order[i],
  })),
  ...fields<ForecastView>("TIMESTAMP", ["made_at", "trained_through"]),
  ...fields<ForecastView>("DOUBLE", [
    ...["last", "o", "h", "l", "c", "se"] as const,
    ...["lo50", "hi50", "lo80", "hi80", "lo95", "hi95"] as const,
  ]),
  ...fields<ForecastView>(
    "DOUBLE",
    ["actual", "error", "naive_error"],
    optional,
  ),
  ...fields<ForecastView>(
    "BOOLEAN",
    ["inside50", "inside80", "inside95", "direction_hit"],
    optional,
  ),
  ...fields<ForecastView>(
    "DOUBLE",
    ["winkler95", "crps", "up_probability", "brier"],
    optional,
  ),
];
