import { counted } from "../format_amount.ts";
import { formatPrice } from "../format_price.ts";
import { formatMoment, formatSeconds } from "../format_time.ts";
import type { GapView, SystemView } from "../system_view.ts";
import { WideTable } from "./WideTable.tsx";

/** What feeds missed, and what came late and changed candles. */
export function LossesPanel({ gaps, revisions }: {
  readonly gaps: SystemView["gaps"];
  readonly revisions: SystemView["revisions"];
}) {
  return (
    <section class="panel" aria-labelledby="losses-title">
      <h2 id="losses-title">Gaps and revisions</h2>
      {gaps === null || revisions === null
        ? <p>The warehouse does not answer now.</p>
        : (
          <>
            {gaps.length === 0
              ? <p class="muted">No feed has a gap.</p>
              : (
                <WideTable
                  label="The newest gaps of feeds"
                  head={["Feed", "Gap", "From", "To"]}
                >
                  {gaps.map((gap) => (
                    <tr
                      key={`${gap.feed} ${gap.epoch} ${gap.kind} ${gap.from} ${gap.seq?.from}`}
                    >
                      <th scope="row">{gap.feed}</th>
                      <td>{gapWords(gap)}</td>
                      <td>{moment(gap.from)}</td>
                      <td>{gap.to === null ? "goes on" : moment(gap.to)}</td>
                    </tr>
                  ))}
                </WideTable>
              )}
            <p>
              {counted(revisions.last_day, "minute")}{" "}
              revised within a day{revisions.newest.length > 0 && ", newest:"}
            </p>
            {revisions.newest.length > 0 && (
              <WideTable
                label="The newest revisions of minutes"
                head={[
                  "Instrument",
                  "Minute",
                  "Revision#",
                  "Ticks before#",
                  "Revised",
                ]}
              >
                {revisions.newest.map((one) => (
                  <tr key={`${one.symbol} ${one.t} ${one.rev}`}>
                    <th scope="row">
                      <a
                        href={`/instruments/${encodeURIComponent(one.symbol)}`}
                      >
                        {one.symbol}
                      </a>
                    </th>
                    <td>{formatMoment(one.t, "UTC")}</td>
                    <td class="num">{one.rev + 1}</td>
                    <td class="num">{formatPrice(one.n, 0)}</td>
                    <td>{formatSeconds(one.revised_at, "UTC")}</td>
                  </tr>
                ))}
              </WideTable>
            )}
            <p class="fine">
              Times are UTC. Late ticks change closed minutes within the grace,
              as a revision; what a minute was before is kept (<code>
                /api/revisions
              </code>).
            </p>
          </>
        )}
    </section>
  );
}

function gapWords({ kind, seq }: GapView): string {
  if (kind === "outage" || seq === null) return "not connected";
  return `${counted(seq.to - seq.from + 1, "number")} never sent`;
}

function moment(ms: number): string {
  return `${formatMoment(ms, "UTC").split(",")[0]}, ${
    formatSeconds(ms, "UTC")
  }`;
}
