import type { RefObject } from "preact";
import {
  ACTIONS,
  FEED_GROUPS,
  type FeedGroup,
  SORT_KEYS,
  sortedBy,
  type SortKey,
  type WatchView,
} from "./watch_view.ts";

const FEED_WORDS: Record<FeedGroup, string> = {
  live: "Live",
  quiet: "Quiet",
  stale: "Stale",
  down: "No feed",
  closed: "Market closed",
};

export const SORT_WORDS: Record<SortKey, string> = {
  symbol: "Instrument",
  last: "Last",
  change: "Change",
  forecast: "Next-minute forecast",
  signal: "Signal",
  skill: "Skill",
  feed: "Feed",
};

/** Search, filters and order; without scripts a form that asks the server. */
export function WatchTools({ view, markets, search, onChange }: {
  readonly view: WatchView;
  readonly markets: readonly string[];
  readonly search: RefObject<HTMLInputElement | null>;
  readonly onChange: (view: WatchView) => void;
}) {
  return (
    <form
      class="watch-tools"
      role="search"
      action="/"
      onSubmit={(event) => event.preventDefault()}
    >
      <input
        ref={search}
        type="search"
        name="q"
        placeholder="Search"
        aria-label="Search by symbol, name or exchange"
        aria-keyshortcuts="/"
        autocomplete="off"
        spellcheck={false}
        value={view.q}
        onInput={({ currentTarget }) =>
          onChange({ ...view, q: currentTarget.value })}
      />
      {markets.length > 1 && (
        <Choose
          name="market"
          label="Market"
          none="All markets"
          options={markets.map((one) => [one, one])}
          value={view.market}
          onChange={(market) => onChange({ ...view, market })}
        />
      )}
      <Choose
        name="feed"
        label="Feed"
        none="Any feed state"
        options={FEED_GROUPS.map((one) => [one, FEED_WORDS[one]])}
        value={view.feed}
        onChange={(feed) => onChange({ ...view, feed })}
      />
      <Choose
        name="signal"
        label="Signal"
        none="Any signal"
        options={ACTIONS.map((one) => [one, one])}
        value={view.signal}
        onChange={(signal) => onChange({ ...view, signal })}
      />
      <span class="watch-order">
        <label>
          <span class="visually-hidden">Sort by</span>
          <select
            name="sort"
            value={view.sort}
            onChange={({ currentTarget }) =>
              onChange(
                sortedBy(
                  { ...view, sort: "symbol", desc: false },
                  currentTarget.value as SortKey,
                ),
              )}
          >
            {SORT_KEYS.map((one) => (
              <option key={one} value={one} selected={one === view.sort}>
                By {SORT_WORDS[one].toLowerCase()}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          class="turn"
          aria-label="Turn the order round"
          onClick={() => onChange({ ...view, desc: !view.desc })}
        >
          <span aria-hidden="true">{view.desc ? "↓" : "↑"}</span>
        </button>
      </span>
      <noscript>
        <button type="submit">Show</button>
      </noscript>
    </form>
  );
}

function Choose<T extends string>({
  name,
  label,
  none,
  options,
  value,
  onChange,
}: {
  readonly name: string;
  readonly label: string;
  readonly none: string;
  readonly options: readonly (readonly [T, string])[];
  readonly value: T | null;
  readonly onChange: (value: T | null) => void;
}) {
  return (
    <label>
      <span class="visually-hidden">{label}</span>
      <select
        name={name}
        value={value ?? ""}
        onChange={({ currentTarget }) =>
          onChange((currentTarget.value || null) as T | null)}
      >
        <option value="" selected={value === null}>{none}</option>
        {options.map(([one, words]) => (
          <option key={one} value={one} selected={one === value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
