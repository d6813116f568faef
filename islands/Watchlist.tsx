import {
  useCallback,
  useEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "preact/hooks";
import { KeysDialog } from "../components/browser/KeysDialog.tsx";
import { changeUrl } from "../components/browser/page_url.ts";
import { listenToKeys, WATCH_KEYS } from "../components/browser/watch_keys.ts";
import { WatchStore } from "../components/browser/watch_store.ts";
import { WatchTableRow } from "../components/browser/WatchTableRow.tsx";
import { KeysButton } from "../components/KeysButton.tsx";
import { LINK_WORDS } from "../components/link_status.ts";
import { pinnedToCookie, togglePinned } from "../components/pinned.ts";
import type { WatchRow } from "../components/watch_row.ts";
import {
  arrangeRows,
  DEFAULT_VIEW,
  isMoving,
  sortedBy,
  type SortKey,
  viewFromQuery,
  viewHref,
  viewToParameters,
  type WatchView,
} from "../components/watch_view.ts";
import { SORT_WORDS, WatchTools } from "../components/WatchTools.tsx";

export interface WatchlistProps {
  readonly rows: readonly WatchRow[];
  readonly view: WatchView;
  readonly pinned: readonly string[];
  /** Server's clock, Unix ms. */
  readonly now: number;
}

/** All instruments: searched, filtered, sorted, and kept up to date. */
export default function Watchlist(props: WatchlistProps) {
  const [view, setView] = useState(props.view);
  const [pinned, setPinned] = useState(props.pinned);
  const store = useMemo(() => new WatchStore(props.rows, props.now), []);
  const [version, drawAll] = useReducer((n: number) => n + 1, 0);
  const table = useRef<HTMLTableElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const help = useRef<HTMLDialogElement>(null);
  const showHelp = () => help.current?.showModal();

  const arrange = () =>
    arrangeRows(store.rows.values(), view, {
      pinned: new Set(pinned),
      now: store.now,
      link: store.link,
    }).map(({ symbol }) => symbol);
  const [shown, setShown] = useState(arrange);
  const [status, setStatus] = useState({
    link: store.link,
    count: store.rows.size,
  });

  const change = (next: WatchView) => {
    setView(next);
    changeUrl(viewToParameters(next), "replace");
  };
  /** What is in force when a key is pressed. */
  const now = useRef({ view, change });
  now.current = { view, change };
  const pin = useCallback((symbol: string) => {
    setPinned((before) => {
      const after = togglePinned(before, symbol);
      document.cookie = pinnedToCookie(after);
      return after;
    });
  }, []);

  useEffect(() => store.connect(), []);
  useEffect(() => {
    const showInOrder = () => {
      const next = arrange();
      setShown((before) => sameOrder(before, next) ? before : next);
    };
    showInOrder();
    return store.onTick(() => {
      setStatus((before) =>
        before.link === store.link && before.count === store.rows.size
          ? before
          : { link: store.link, count: store.rows.size }
      );
      if (isMoving(view) && !isHeld(table.current)) showInOrder();
    });
  }, [view, pinned, status.count]);
  useEffect(() => {
    const popped = () =>
      setView(viewFromQuery(new URLSearchParams(location.search)));
    const printed = () => drawAll(undefined);
    addEventListener("popstate", popped);
    addEventListener("beforeprint", printed);
    const stopKeys = listenToKeys({
      search: search.current!,
      list: table.current!,
      onPin: pin,
      onClear: () => now.current.change({ ...now.current.view, q: "" }),
      onHelp: showHelp,
    });
    return () => {
      removeEventListener("popstate", popped);
      removeEventListener("beforeprint", printed);
      stopKeys();
    };
  }, []);

  const markets = useMemo(
    () =>
      [...new Set([...store.rows.values()].map(({ exchange }) => exchange))]
        .sort(),
    [status.count],
  );
  return (
    <section aria-labelledby="instruments-title" class="watch">
      <div class="watch-bar">
        <h1 id="instruments-title">
          Instruments{" "}
          <small role="status">{counted(shown.length, status.count)}</small>
        </h1>
        <WatchTools
          view={view}
          markets={markets}
          search={search}
          onChange={change}
        />
        <span class={`link link-${status.link}`} role="status">
          {LINK_WORDS[status.link]}
        </span>
        <KeysButton onClick={showHelp} />
      </div>
      {/* The rows are grids, which would lose the table its roles. */}
      <table class="watchlist" role="table" ref={table}>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col" class="pin">
              <span class="visually-hidden">Pinned</span>
            </th>
            <Head of="symbol" view={view} onChange={change} />
            <Head of="last" view={view} onChange={change} num />
            <Head of="change" view={view} onChange={change} num />
            <th role="columnheader" scope="col" class="spark">Last hour</th>
            <Head of="forecast" view={view} onChange={change} num />
            <Head of="signal" view={view} onChange={change} />
            <Head of="skill" view={view} onChange={change} />
            <Head of="feed" view={view} onChange={change} />
          </tr>
        </thead>
        <tbody role="rowgroup">
          {shown.map((symbol) => (
            <WatchTableRow
              key={symbol}
              store={store}
              symbol={symbol}
              pinned={pinned.includes(symbol)}
              onPin={pin}
              version={version}
            />
          ))}
        </tbody>
      </table>
      {shown.length === 0 && (
        <p class="none">
          No instrument is like that.{" "}
          <a
            href="/"
            onClick={(event) => {
              event.preventDefault();
              change({ ...DEFAULT_VIEW, sort: view.sort, desc: view.desc });
              search.current?.focus();
            }}
          >
            Show all
          </a>
        </p>
      )}
      <KeysDialog dialog={help} keys={WATCH_KEYS} />
    </section>
  );
}

/** The head of a column: a link that sorts by it, or turns the order round. */
function Head({ of, view, num = false, onChange }: {
  readonly of: SortKey;
  readonly view: WatchView;
  readonly num?: boolean;
  readonly onChange: (view: WatchView) => void;
}) {
  const next = sortedBy(view, of);
  const sorted = view.sort === of;
  return (
    <th
      role="columnheader"
      scope="col"
      class={num ? "num" : undefined}
      aria-sort={sorted ? view.desc ? "descending" : "ascending" : undefined}
    >
      <a
        href={viewHref(next)}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          onChange(next);
        }}
      >
        {SORT_WORDS[of]}
        {sorted && <span aria-hidden="true">{view.desc ? " ↓" : " ↑"}</span>}
      </a>
    </th>
  );
}

function counted(shown: number, all: number): string {
  return shown === all ? `${all}` : `${shown} of ${all}`;
}

/** Rows do not change places under a pointer, or with the focus in them. */
function isHeld(table: HTMLElement | null): boolean {
  const body = table?.querySelector("tbody");
  return body != null &&
    (body.matches(":hover") || body.contains(document.activeElement));
}

function sameOrder(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((symbol, i) => symbol === b[i]);
}
