import { formatBytes, formatWait } from "../format_amount.ts";
import { formatAge } from "../format_time.ts";
import type { SystemView } from "../system_view.ts";

/** The process that answers, and the machine that it is on. */
export function ProcessPanel({ view }: { readonly view: SystemView }) {
  const { process, disk, clock, buffer, warehouse } = view;
  return (
    <section class="panel" aria-labelledby="process-title">
      <h2 id="process-title">Process and machine</h2>
      <dl class="facts">
        <div>
          <dt>Process</dt>
          <dd>
            {view.node}: {view.roles.join(", ")}; up for{" "}
            {formatAge(view.at - view.started_at)}
          </dd>
        </div>
        <div>
          <dt>Memory</dt>
          <dd>
            {process.rss_mb} MB, {process.heap_mb} MB of it the heap
          </dd>
        </div>
        <div>
          <dt>Disk</dt>
          <dd>
            {disk === null
              ? "not known here"
              : `${formatBytes(disk.free_bytes)} of ` +
                `${formatBytes(disk.total_bytes)} free for ${disk.path}`}
          </dd>
        </div>
        <div>
          <dt>Clock</dt>
          <dd>
            {clock.ahead_ms === null
              ? "the warehouse uses this machine's"
              : `${formatWait(Math.abs(clock.ahead_ms))} ` +
                `${
                  clock.ahead_ms >= 0 ? "ahead of" : "behind"
                } the warehouse's`}
          </dd>
        </div>
        <div>
          <dt>Buffer</dt>
          <dd>{buffer.place}</dd>
        </div>
        <div>
          <dt>Warehouse</dt>
          <dd>{warehouse.place}</dd>
        </div>
      </dl>
      <p class="fine">
        The same as JSON: <a href="/api/system">/api/system</a>,{" "}
        <a href="/healthz">/healthz</a>
      </p>
    </section>
  );
}
