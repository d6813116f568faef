import type { ForecastView } from "../pipeline/domain/forecast.ts";
import type { ModelView, ReliabilityView } from "./api_views.ts";
import { CoverageTable } from "./CoverageTable.tsx";
import { describeModel } from "./describe_model.ts";
import {
  describeHitRate,
  describeSkill,
  recordOf,
  recordsOf,
} from "./describe_skill.ts";
import { isCurrent, MINUTE_MS, newestForecast } from "./forecast_parts.ts";
import { ARROWS, directionOf, expectedBps } from "./format_change.ts";
import { formatPrice, formatRange, formatSigned } from "./format_price.ts";
import { formatAge, formatClock, formatSeconds } from "./format_time.ts";
import { ModelTable } from "./ModelTable.tsx";
import { ReliabilityPlot } from "./ReliabilityPlot.tsx";

/** What is forecast, by what, and how good that has been. */
export function ForecastPanel(
  { forecasts, models, reliability, decimals, zone, now }: {
    readonly forecasts: readonly ForecastView[];
    readonly models: readonly ModelView[];
    readonly reliability: ReliabilityView | null;
    readonly decimals: number;
    readonly zone: string;
    readonly now: number;
  },
) {
  const newest = newestForecast(forecasts);
  if (newest === undefined) {
    return (
      <section class="panel" aria-labelledby="forecast-title">
        <h2 id="forecast-title">Forecast</h2>
        <p class="muted">
          None yet: the first is made when enough candles have closed.
        </p>
      </section>
    );
  }
  const record = recordOf(models, newest.model);
  const records = recordsOf(models);
  const words = describeSkill(
    record,
    records.filter(({ model, n }) => model !== newest.model && n > 0),
  );
  const hits = describeHitRate(record);
  const bps = expectedBps(newest);
  const direction = directionOf(Math.round(bps * 100));
  const minute = `${formatClock(newest.t, zone)}–${
    formatClock(newest.t + MINUTE_MS, zone)
  }`;
  const current = isCurrent(newest, now);
  return (
    <section class="panel" aria-labelledby="forecast-title">
      <h2 id="forecast-title">
        Forecast <small>{minute}</small>
      </h2>
      {!current && (
        <p class="notice">
          No current forecast: this one is {formatAge(now - newest.t)} old.
        </p>
      )}
      <p class="headline">
        <b>{formatPrice(newest.c, decimals)}</b>
        <span class={`change ${direction}`}>
          <span aria-hidden="true">{ARROWS[direction]}</span>{" "}
          {formatSigned(bps, 2)} bps
        </span>
      </p>
      <dl class="ohlc">
        {(["o", "h", "l", "c"] as const).map((key) => (
          <div key={key}>
            <dt>{{ o: "Open", h: "High", l: "Low", c: "Close" }[key]}</dt>
            <dd>{formatPrice(newest[key], decimals)}</dd>
          </div>
        ))}
      </dl>
      <dl class="facts">
        <div>
          <dt>80 % band</dt>
          <dd>{formatRange(newest.lo80, newest.hi80, decimals)}</dd>
        </div>
        <div>
          <dt>95 % band</dt>
          <dd>{formatRange(newest.lo95, newest.hi95, decimals)}</dd>
        </div>
        <div>
          <dt>Made</dt>
          <dd>
            {formatSeconds(newest.made_at, zone)}, from candles to{" "}
            {formatClock(newest.trained_through, zone)}
          </dd>
        </div>
        <div>
          <dt>Model</dt>
          <dd>{describeModel(newest.model, newest.order)}</dd>
        </div>
      </dl>
      <h3>Skill against “no change”</h3>
      <p class={`verdict verdict-${words.verdict}`}>
        <b>{words.title}</b> {words.detail}
      </p>
      <dl class="facts">
        {hits !== null && (
          <div>
            <dt>Direction right</dt>
            <dd>{hits}</dd>
          </div>
        )}
      </dl>
      <CoverageTable record={record} forecast={newest} decimals={decimals} />
      <ReliabilityPlot of={reliability} />
      {records.length > 0 && <h3>Models that compete</h3>}
      <ModelTable
        records={records}
        shown={newest.model}
        decimals={decimals}
      />
    </section>
  );
}
