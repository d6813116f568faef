import { counted, formatRate, formatWait } from "../format_amount.ts";
import { formatCount } from "../format_price.ts";
import { formatClock } from "../format_time.ts";
import type { ForecastsView } from "../system_view.ts";
import { WideTable } from "./WideTable.tsx";

/** How forecasts are made: in time, and with models that could be fitted. */
export function ForecastsPanel({ forecasts }: {
  readonly forecasts: ForecastsView | null;
}) {
  return (
    <section class="panel" aria-labelledby="models-title">
      <h2 id="models-title">Forecasts and models</h2>
      {forecasts === null
        ? <p>No process makes forecasts now.</p>
        : forecasts.here
        ? <Here forecasts={forecasts} />
        : (
          <p>
            Made by{" "}
            <b>{formatList(forecasts.owners)}</b>; the pages there have the
            figures.
          </p>
        )}
    </section>
  );
}

function formatList(names: readonly string[]): string {
  return new Intl.ListFormat("en").format(names);
}

const Here = ({ forecasts }: { readonly forecasts: ForecastsView }) => {
  const { edge, failures, owner, owners } = forecasts;
  const others = owners.filter((one) => one !== owner);
  return (
    <>
      {others.length > 0 && (
        <p>
          Of a part of the instruments; those of the others are made by{" "}
          <b>{formatList(others)}</b>.
        </p>
      )}
      <dl class="facts">
        <div>
          <dt>Newest minute</dt>
          <dd>
            {edge === null
              ? "none is over since the start"
              : `${formatClock(edge.t, "UTC")} UTC: first forecasts stored ` +
                `after ${formatWait(edge.nearest_ms)}, all after ` +
                `${formatWait(edge.all_ms)}; ${
                  formatCount(edge.stored)
                } stored`}
          </dd>
        </div>
        {edge !== null && (
          <div>
            <dt>Left out</dt>
            <dd>
              {counted(edge.late, "instrument")} not ready in time,{" "}
              {formatCount(edge.overdue)} stored late,{" "}
              {formatCount(edge.left_out)} of later minutes,{" "}
              {formatCount(edge.idle)} without a recent candle
            </dd>
          </div>
        )}
        <div>
          <dt>Fits</dt>
          <dd>
            {formatCount(forecasts.fits)} done,{" "}
            {formatRate(forecasts.fits_per_minute)} a minute,{" "}
            {formatCount(forecasts.fits_failed)} failed,{" "}
            {formatCount(forecasts.fits_waiting)} waiting
          </dd>
        </div>
        <div>
          <dt>Workers</dt>
          <dd>
            {formatCount(forecasts.workers)}, replaced{" "}
            {formatCount(forecasts.workers_replaced)} times
          </dd>
        </div>
        <div>
          <dt>Scored</dt>
          <dd>
            {formatCount(forecasts.scored)} forecasts that came true or not
          </dd>
        </div>
      </dl>
      {failures.length > 0 && (
        <WideTable
          label="Models that could not be fitted"
          head={["Instrument", "Model", "Why it is not fitted"]}
        >
          {failures.map(({ symbol, model, reason }) => (
            <tr key={`${symbol} ${model}`}>
              <th scope="row">
                <a href={`/instruments/${encodeURIComponent(symbol)}`}>
                  {symbol}
                </a>
              </th>
              <td>{model ?? "all"}</td>
              <td class="wrap">{reason}</td>
            </tr>
          ))}
        </WideTable>
      )}
    </>
  );
};
