import { formatWait } from "../format_amount.ts";
import { formatCount } from "../format_price.ts";
import type { SystemView, WaitView } from "../system_view.ts";
import { WideTable } from "./WideTable.tsx";

/** How long ticks take from stage to stage. */
export function WaitsPanel({ waits, commits, process }: {
  readonly waits: SystemView["waits"];
  readonly commits: SystemView["commits"];
  readonly process: SystemView["process"];
}) {
  const { gap_ms_max: gap } = commits;
  return (
    <section class="panel" aria-labelledby="waits-title">
      <h2 id="waits-title">
        Waits <small>last minute, this process</small>
      </h2>
      <WideTable
        label="Waits of the last minute"
        head={["Stage", "Half within#", "99 % within#", "Longest#", "Ticks#"]}
      >
        <Row name="Tick to buffer" waits={waits.tick_to_buffered} />
        <Row name="Buffer to commit" waits={waits.buffered_to_committed} />
        <Row name="Tick to commit" waits={waits.tick_to_committed} />
        <Row name="Commit to page" waits={waits.committed_to_browser} />
      </WideTable>
      <dl class="facts">
        <div>
          <dt>Longest pause</dt>
          <dd>
            {gap === null ? "–" : formatWait(gap)}{" "}
            between two commits of a partition
          </dd>
        </div>
        <div>
          <dt>Event loop</dt>
          <dd>late by {formatWait(process.event_loop_lag_ms_max)} at most</dd>
        </div>
      </dl>
      <p class="fine">
        Ticks of a batch count as its first one. Forming candles go out at most
        four times a second, so up to 250 ms of the last stage are meant.
      </p>
    </section>
  );
}

const Row = ({ name, waits }: {
  readonly name: string;
  readonly waits: WaitView | null;
}) => (
  <tr>
    <th scope="row">{name}</th>
    <td class="num">{waits === null ? "–" : formatWait(waits.p50)}</td>
    <td class="num">{waits === null ? "–" : formatWait(waits.p99)}</td>
    <td class="num">{waits === null ? "–" : formatWait(waits.max)}</td>
    <td class="num">{formatCount(waits?.n ?? 0)}</td>
  </tr>
);
