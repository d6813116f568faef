import { useLayoutEffect, useReducer, useRef } from "preact/hooks";
import { Sparkline } from "../../chart/sparkline.tsx";
import type { SkillBrief } from "../api_views.ts";
import { ChangeText } from "../ChangeText.tsx";
import { describeBrief, skillWord } from "../describe_brief.ts";
import { FeedBadge } from "../FeedBadge.tsx";
import { memo } from "../memo.ts";
import { ARROWS, directionOf, expectedBps } from "../format_change.ts";
import { formatPrice, formatRange, formatSigned } from "../format_price.ts";
import { SignalBadge } from "../SignalBadge.tsx";
import { currentForecast, currentSignal, type WatchRow } from "../watch_row.ts";
import { useWhileInView } from "./use_in_view.ts";
import type { WatchStore } from "./watch_store.ts";

export interface WatchTableRowProps {
  readonly store: WatchStore;
  readonly symbol: string;
  readonly pinned: boolean;
  /** Must not change, or every row is drawn again. */
  readonly onPin: (symbol: string) => void;
  /** Another number draws the row although it is not in view. */
  readonly version: number;
}

/** An instrument's row. It is drawn again only while it is in view. */
export const WatchTableRow = memo(function WatchTableRow(
  { store, symbol, pinned, onPin }: WatchTableRowProps,
) {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const element = useRef<HTMLTableRowElement>(null);
  useWhileInView(element, () => {
    redraw(undefined);
    return store.listen(symbol, () => redraw(undefined));
  });
  const row = store.rows.get(symbol);
  if (row === undefined) return null;
  const { now, link } = store;
  return (
    <tr role="row" ref={element}>
      <td role="cell" class="pin">
        <PinButton symbol={symbol} pinned={pinned} onPin={onPin} />
      </td>
      <Name symbol={symbol} described={described(row)} />
      <Price price={row.last?.c ?? null} decimals={row.decimals} />
      <td role="cell" class="num day" data-label="Change">
        <ChangeText change={row.change} decimals={row.decimals} now={now} />
      </td>
      <Spark symbol={symbol} values={row.spark} />
      <Forecast
        forecast={currentForecast(row, now)}
        decimals={row.decimals}
      />
      <Signal signal={currentSignal(row, now)} />
      <Skill skill={row.skill} />
      <td role="cell" class="state" data-label="Feed">
        <FeedBadge feed={row.feed} now={now} link={link} />
      </td>
    </tr>
  );
});

function described({ symbol, name, exchange }: WatchRow): string {
  if (name !== symbol) return name;
  return exchange === "unknown" ? "registered by its first tick" : exchange;
}

const PinButton = memo(function PinButton({ symbol, pinned, onPin }: {
  readonly symbol: string;
  readonly pinned: boolean;
  readonly onPin: (symbol: string) => void;
}) {
  // One stop of the Tab key a row is enough: `f` pins the row with the focus.
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-pressed={pinned}
      aria-label={`Pin ${symbol}`}
      title="Pin on top (f)"
      onClick={() => onPin(symbol)}
    >
      <span aria-hidden="true">{pinned ? "★" : "☆"}</span>
    </button>
  );
});

const Name = memo(function Name({ symbol, described }: {
  readonly symbol: string;
  readonly described: string;
}) {
  return (
    <th role="rowheader" scope="row">
      <a href={`/instruments/${encodeURIComponent(symbol)}`}>{symbol}</a>
      <small>{described}</small>
    </th>
  );
});

const FLASH_MS = 500;

/** The last price; for a moment after a change its ground shows which way. */
const Price = memo(function Price({ price, decimals }: {
  readonly price: number | null;
  readonly decimals: number;
}) {
  const cell = useRef<HTMLTableCellElement>(null);
  const shown = useRef(price);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useLayoutEffect(() => {
    const before = shown.current;
    shown.current = price;
    const element = cell.current;
    if (element === null || before === null || price === null) return;
    if (before === price) return;
    element.dataset.moved = price > before ? "up" : "down";
    clearTimeout(timer.current);
    timer.current = setTimeout(() => delete element.dataset.moved, FLASH_MS);
  }, [price]);
  return (
    <td role="cell" class="num price" data-label="Last" ref={cell}>
      <span>{price === null ? "–" : formatPrice(price, decimals)}</span>
    </td>
  );
});

const Spark = memo(function Spark({ symbol, values }: {
  readonly symbol: string;
  readonly values: readonly number[];
}) {
  return (
    <td role="cell" class="spark" data-label="Last hour">
      {values.length > 1 && (
        <Sparkline
          values={values}
          base={values[0]}
          title={`${symbol}, last ${values.length} minutes`}
        />
      )}
    </td>
  );
});

const Forecast = memo(function Forecast({ forecast, decimals }: {
  readonly forecast: WatchRow["forecast"];
  readonly decimals: number;
}) {
  return (
    <td role="cell" class="num forecast" data-label="Forecast">
      {forecast === null
        ? <span class="muted">none now</span>
        : <ForecastText forecast={forecast} decimals={decimals} />}
    </td>
  );
});

function ForecastText({ forecast, decimals }: {
  readonly forecast: NonNullable<WatchRow["forecast"]>;
  readonly decimals: number;
}) {
  const bps = expectedBps(forecast);
  const direction = directionOf(Math.round(bps * 10));
  return (
    <>
      {formatPrice(forecast.c, decimals)}{" "}
      <span class={`change ${direction}`}>
        <span aria-hidden="true">{ARROWS[direction]}</span>{" "}
        {formatSigned(bps, 1)} bps
      </span>
      <small>
        80 %: {formatRange(forecast.lo80, forecast.hi80, decimals)}
      </small>
    </>
  );
}

const Signal = memo(function Signal({ signal }: {
  readonly signal: WatchRow["signal"];
}) {
  return (
    <td role="cell" class="call" data-label="Signal">
      {signal === null
        ? <span class="muted">–</span>
        : <SignalBadge signal={signal} />}
    </td>
  );
});

const Skill = memo(function Skill({ skill }: {
  readonly skill: SkillBrief | null;
}) {
  const some = skill?.verdict === "skill";
  return (
    <td
      role="cell"
      class="skill"
      data-label="Skill"
      title={describeBrief(skill)}
    >
      <span class={some ? "up" : "muted"}>{skillWord(skill)}</span>
    </td>
  );
});
