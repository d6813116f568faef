import type { SignalRecord } from "../pipeline/domain/signal_record.ts";
import { formatShare } from "./format_change.ts";
import { formatSigned } from "./format_price.ts";

const bps = (value: number | null) =>
  value === null ? "–" : formatSigned(value, 1);

/** What BUY and SELL came to, after costs, beside always being long. */
export function SignalRecordTable({ records }: {
  readonly records: readonly SignalRecord[];
}) {
  if (records.every(({ n, no_price }) => n + no_price === 0)) return null;
  return (
    <table class="small">
      <thead>
        <tr>
          <th scope="col">After</th>
          <th scope="col" class="num">Right</th>
          <th scope="col" class="num">Mean, net</th>
          <th scope="col" class="num">Long, net</th>
        </tr>
      </thead>
      <tbody>
        {records.map((one) => (
          <tr key={one.minutes}>
            <td>{one.minutes} min</td>
            <td class="num">
              {one.n === 0
                ? "–"
                : `${formatShare(one.hits / one.n)} of ${one.n}`}
            </td>
            <td class="num">
              <b>{bps(one.mean_net_bps)}</b>
            </td>
            <td class="num">{bps(one.always_long_bps)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
