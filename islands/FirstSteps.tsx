import { useEffect, useState } from "preact/hooks";
import { askApi } from "../components/browser/api_client.ts";
import { CopyLine } from "../components/CopyLine.tsx";
import {
  DIAL_LINE,
  LISTEN_LINE,
  listenerOf,
  loadLine,
  replayLine,
  SIMULATE_LINE,
  tickLine,
} from "../components/first_lines.ts";
import { counted } from "../components/format_amount.ts";
import type { SystemView } from "../components/system_view.ts";

export interface FirstStepsProps {
  /** Where feeds connect or are dialled. */
  readonly feeds: readonly string[];
  /** The built-in simulator runs. */
  readonly simulating: boolean;
  /** The warehouse is for simulated ticks only. */
  readonly simulated: boolean;
  /** Feeds must say hello with a secret. */
  readonly token: boolean;
  /** What has come so far, if the server knows. */
  readonly view: SystemView | null;
}

const EVERY_MS = 2_000;

/** What to do while there is nothing to show; goes on by itself when there is. */
export default function FirstSteps(props: FirstStepsProps) {
  const [view, setView] = useState(props.view);
  useEffect(() => {
    let open = true;
    let timer: ReturnType<typeof setTimeout>;
    const ask = async () => {
      const view = await askApi("/api/system", {}).catch(() => null);
      if (!open) return;
      if (view !== null && (view.books?.applied ?? 0) > 0) {
        location.reload();
        return;
      }
      if (view !== null) setView(view);
      timer = setTimeout(ask, EVERY_MS);
    };
    timer = setTimeout(ask, EVERY_MS);
    return () => {
      open = false;
      clearTimeout(timer);
    };
  }, []);
  return (
    <section class="panel first-steps" aria-labelledby="first-title">
      {props.simulating ? <Simulating /> : <Steps {...props} view={view} />}
      <noscript>
        <p class="fine">Reload this page to see whether ticks have come.</p>
      </noscript>
    </section>
  );
}

const Simulating = () => (
  <>
    <h1 id="first-title">The first candles are on their way</h1>
    <p>
      The simulator is sending some hours of history at full speed. They are
      here within seconds, and this page shows them then.
    </p>
  </>
);

const Steps = (
  { feeds, simulated, token, view }: FirstStepsProps,
) => {
  const listener = listenerOf(feeds);
  return (
    <>
      <h1 id="first-title">No tick has come yet</h1>
      {listener !== null
        ? (
          <p>
            Tickhouse listens on <code>{listener}</code>{" "}
            for ticks, a line of JSON each. This page goes on by itself when the
            first one is in a candle.
          </p>
        )
        : feeds.length > 0
        ? (
          <p>
            Tickhouse dials{" "}
            {feeds.map((feed) => <code key={feed}>{feed}</code>)}{" "}
            until somebody answers there, and takes what comes. This page goes
            on by itself when the first tick is in a candle.
          </p>
        )
        : (
          <p>
            This process takes no feeds (<code>ROLES</code>{" "}
            without feed). Connect one to a process that does.
          </p>
        )}
      <p class="first-state" role="status">{stateWords(view)}</p>
      {listener !== null && (
        <>
          {!simulated && <CopyLine {...tickLine(listener, "DEMO", token)} />}
          {!simulated && <CopyLine {...replayLine(listener, "EURUSD")} />}
          {simulated
            ? <CopyLine {...loadLine(listener)} />
            : <CopyLine {...SIMULATE_LINE} />}
          <CopyLine {...DIAL_LINE} />
        </>
      )}
      {listener === null && feeds.length > 0 && (
        <>
          <CopyLine {...LISTEN_LINE} />
          <CopyLine {...SIMULATE_LINE} />
        </>
      )}
      <p class="fine">
        Without <code>nc</code>, bash has <code>&gt; /dev/tcp/HOST/PORT</code>
        {" "}
        in its place. A feed that must lose nothing says hello, numbers its
        ticks and keeps each until it is acknowledged:{" "}
        <code>docs/feeds.md</code> has the protocol.{" "}
        <a href="/system">System</a>{" "}
        shows each connection and why lines are refused.
      </p>
    </>
  );
};

/** What has come so far, while nothing of it is in a candle. */
function stateWords(view: SystemView | null): string {
  if (view?.feeds == null) return "";
  const { connections, endpoints, feeds } = view.feeds;
  const sum = (count: (feed: typeof feeds[number]) => number) =>
    feeds.reduce((total, feed) => total + count(feed), 0);
  const received = sum((feed) => feed.received);
  const rejected = sum((feed) => feed.rejected);
  const reasons = Object.keys(view.quarantine?.counts ?? {});
  const away = endpoints.filter(({ state }) => state === "away");
  if (received === 0) {
    if (connections > 0) {
      return `${counted(connections, "connection")}, no line yet.`;
    }
    return away.length === 0
      ? "Nobody has connected yet."
      : `Not reached: ${
        away.map(({ url, error }) => error === null ? url : `${url} (${error})`)
          .join(", ")
      }.`;
  }
  if (rejected === received) {
    return `${counted(received, "line")} came and ${
      received === 1 ? "was" : "all were"
    } refused: ${reasons.join(", ")}.`;
  }
  return `${counted(received, "line")} came, on their way into candles.`;
}
