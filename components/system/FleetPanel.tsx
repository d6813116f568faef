import { formatAge } from "../format_time.ts";
import type { SystemView } from "../system_view.ts";
import { WideTable } from "./WideTable.tsx";

/** The processes that share the stores; nothing where there is one alone. */
export function FleetPanel({ processes, node, at }: {
  readonly processes: SystemView["processes"];
  readonly node: string;
  readonly at: number;
}) {
  if (processes === null || processes.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="fleet-title">
      <h2 id="fleet-title">Processes</h2>
      <WideTable
        label="Processes"
        head={["Process", "Roles", "Partitions#", "Tasks", "Up for", "State"]}
      >
        {processes.map((one) => (
          <tr key={`${one.node} ${one.started_at}`}>
            <th scope="row">
              {one.node}
              {one.node === node && <small>this process</small>}
            </th>
            <td>{one.roles.join(", ")}</td>
            <td class="num">{one.partitions}</td>
            <td>{one.tasks.join(", ")}</td>
            <td>{formatAge(at - one.started_at)}</td>
            <td>{one.drained ? "drained" : "at work"}</td>
          </tr>
        ))}
      </WideTable>
      <p class="fine">
        A drained process gives its work to the others and takes no feeds, until
        it is told to go on.
      </p>
    </section>
  );
}
