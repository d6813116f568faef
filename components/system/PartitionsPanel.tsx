import { formatRanges } from "../format_amount.ts";
import type { PartitionView, SystemView } from "../system_view.ts";
import { WideTable } from "./WideTable.tsx";

/** Who makes the candles of which partitions. */
export function PartitionsPanel({ partitions, node }: {
  readonly partitions: SystemView["partitions"];
  readonly node: string;
}) {
  const owners = byOwner(partitions ?? []);
  return (
    <section class="panel" aria-labelledby="partitions-title">
      <h2 id="partitions-title">Partitions</h2>
      {partitions === null
        ? <p>The warehouse does not answer now.</p>
        : (
          <WideTable
            label="Partitions by their owner"
            head={["Owner", "Partitions", "Lease epochs#", "State"]}
          >
            {owners.map(({ owner, of }) => (
              <tr key={owner}>
                <th scope="row">
                  {owner}
                  {owner === node && <small>this process</small>}
                </th>
                <td>
                  {formatRanges(of.map(({ p }) => p))}
                  {pinnedOf(of)}
                </td>
                <td class="num">{epochs(of)}</td>
                <td>{stateOf(of)}</td>
              </tr>
            ))}
          </WideTable>
        )}
      <p class="fine">
        A lease's epoch rises with each new owner, and a commit under an older
        one is refused, so two processes never write one partition.
      </p>
    </section>
  );
}

const NOBODY = "nobody";

function byOwner(partitions: readonly PartitionView[]) {
  const owners = new Map<string, PartitionView[]>();
  for (const one of partitions) {
    const owner = one.held ? one.owner ?? NOBODY : NOBODY;
    owners.set(owner, [...owners.get(owner) ?? [], one]);
  }
  return [...owners].map(([owner, of]) => ({ owner, of }));
}

/** Which instruments have one of these for themselves. */
function pinnedOf(of: readonly PartitionView[]) {
  const pinned = of.filter(({ pinned }) => pinned !== null)
    .map(({ p, pinned }) => `${p} for ${pinned}`);
  return pinned.length > 0 && <small>{pinned.join(", ")}</small>;
}

function epochs(of: readonly PartitionView[]): string {
  const all = of.map(({ lease_epoch }) => lease_epoch);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return low === high ? `${low}` : `${low}–${high}`;
}

function stateOf(of: readonly PartitionView[]): string {
  if (of.some(({ held }) => !held)) return "ticks wait in the buffer";
  const behind = of.filter((one) => one.behind === true).map(({ p }) => p);
  if (behind.length > 0) return `behind: ${formatRanges(behind)}`;
  return of.some((one) => one.behind === null) ? "not known now" : "up to date";
}
