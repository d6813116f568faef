import { useEffect, useRef, useState } from "preact/hooks";
import { askApi } from "../components/browser/api_client.ts";
import { formatSeconds } from "../components/format_time.ts";
import { BooksPanel } from "../components/system/BooksPanel.tsx";
import { FeedsPanel } from "../components/system/FeedsPanel.tsx";
import { FleetPanel } from "../components/system/FleetPanel.tsx";
import { ForecastsPanel } from "../components/system/ForecastsPanel.tsx";
import { LossesPanel } from "../components/system/LossesPanel.tsx";
import { PartitionsPanel } from "../components/system/PartitionsPanel.tsx";
import { PipelineFlow } from "../components/system/PipelineFlow.tsx";
import { ProcessPanel } from "../components/system/ProcessPanel.tsx";
import { QuarantinePanel } from "../components/system/QuarantinePanel.tsx";
import { WaitsPanel } from "../components/system/WaitsPanel.tsx";
import type { SystemView } from "../components/system_view.ts";

const EVERY_MS = 2_000;
const ANSWER_MS_MAX = 10_000;

/** The pipeline as it is, asked for every two seconds while it is looked at. */
export default function SystemLive(props: { readonly view: SystemView }) {
  const [view, setView] = useState(props.view);
  const [current, setCurrent] = useState(true);
  const ask = useRef(() => {});

  useEffect(() => {
    let open = true;
    let timer: ReturnType<typeof setTimeout>;
    const round = async () => {
      clearTimeout(timer);
      if (!document.hidden) {
        try {
          const answer = await askApi(
            "/api/system",
            {},
            AbortSignal.timeout(ANSWER_MS_MAX),
          );
          if (!open) return;
          setView(answer);
          setCurrent(true);
        } catch {
          if (!open) return;
          setCurrent(false);
        }
      }
      timer = setTimeout(round, EVERY_MS);
    };
    ask.current = round;
    timer = setTimeout(round, EVERY_MS);
    return () => {
      open = false;
      clearTimeout(timer);
    };
  }, []);

  return (
    <>
      <div class="bar-row">
        <h1>System</h1>
        <p class={current ? "as-of" : "as-of overdue"}>
          {current ? "As of" : "Not reached, as of"}{" "}
          {formatSeconds(view.at, "UTC")} UTC
        </p>
      </div>
      <section aria-labelledby="flow-title">
        <h2 id="flow-title" class="visually-hidden">The way of a tick</h2>
        <PipelineFlow view={view} />
      </section>
      <div class="system-grid">
        <FeedsPanel feeds={view.feeds} at={view.at} />
        <WaitsPanel
          waits={view.waits}
          commits={view.commits}
          process={view.process}
        />
        <BooksPanel books={view.books} />
        <ForecastsPanel forecasts={view.forecasts} />
        <LossesPanel gaps={view.gaps} revisions={view.revisions} />
        <PartitionsPanel
          partitions={view.partitions}
          node={view.node}
        />
        <FleetPanel
          processes={view.processes}
          node={view.node}
          at={view.at}
        />
        <ProcessPanel view={view} />
        <QuarantinePanel
          quarantine={view.quarantine}
          onChanged={() => ask.current()}
        />
      </div>
    </>
  );
}
