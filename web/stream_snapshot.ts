import type { Snapshot } from "../components/api_views.ts";
import { candleView } from "../pipeline/domain/candle.ts";
import { forecastView } from "../pipeline/domain/forecast.ts";
import type { LiveEvent } from "../pipeline/domain/live_event.ts";
import { isNewer } from "../pipeline/domain/newer_candle.ts";
import { signalView } from "../pipeline/domain/signal.ts";
import { toMillis } from "../pipeline/domain/time.ts";
import { statesOf } from "../pipeline/live/run_feed_status.ts";
import type { NumberedEvent } from "../pipeline/live/live_bus.ts";
import { nextTurn } from "../pipeline/next_turn.ts";
import type { Bytes } from "./event_frame.ts";
import type { Services } from "./services.ts";
import type { StreamQuery } from "./stream_response.ts";

/** Candles that are read and written as text before others have their turn. */
const CANDLES_OF_A_TURN = 250;
/** With more candles it is a long one. */
const LONG_CANDLES_MIN = 5_000;
/** Between two turns of a long one. */
const REST_MS_MAX = 50;
const PIECE_BYTES = 65_536;

const encoder = new TextEncoder();

/** A snapshot that was read. */
export interface ReadSnapshot {
  /** As an event of the stream, in pieces. */
  readonly frame: readonly Bytes[];
  /** Whether it tells this, or something newer, already. */
  tells(event: NumberedEvent): boolean;
}

/** Series of candles that are asked for, one of each symbol and interval. */
export function seriesOf(
  { catalog }: Pick<Services, "catalog">,
  { symbols, interval }: StreamQuery,
): number {
  return (symbols?.length ?? catalog.all().length) * interval.length;
}

/** Whether it takes so long that one at a time is enough. */
export function isLong(services: Services, query: StreamQuery): boolean {
  return seriesOf(services, query) * (query.history + 1) > LONG_CANDLES_MIN;
}

/** Gives others their turns. */
class Turns {
  #began = performance.now();

  /** @param rests Whether others have the thread for as long as this had. */
  constructor(private readonly rests: boolean) {}

  async end(): Promise<void> {
    const ms = Math.min(performance.now() - this.#began, REST_MS_MAX);
    await nextTurn();
    if (this.rests) await new Promise((resolve) => setTimeout(resolve, ms));
    this.#began = performance.now();
  }
}

/** Reads it and writes it, some at a time: others have turns in between. */
export async function readSnapshot(
  services: Services,
  query: StreamQuery,
): Promise<ReadSnapshot> {
  const turns = new Turns(isLong(services, query));
  const snapshot = await snapshotOf(services, query, turns);
  return { frame: await frameOf(snapshot, turns), tells: tellsOf(snapshot) };
}

async function snapshotOf(
  services: Services,
  query: StreamQuery,
  turns: Turns,
): Promise<Snapshot> {
  const { catalog, clock } = services;
  const { forecasts, activity, candles: stored } = services.fresh ?? services;
  const symbols = query.symbols ?? catalog.all().map(({ symbol }) => symbol);
  const [feeds, newest, candles] = await Promise.all([
    activity.activity(),
    forecasts.newest(
      symbols,
      // Without history the current ones are enough: lists have many symbols.
      query.history === 0
        ? { forecasts: 1, horizon: 1, signals: 1 }
        : { forecasts: 20, signals: 5 },
    ),
    readCandles(stored, symbols, query, turns),
  ]);
  const states = new Map(
    statesOf(catalog, feeds, clock).map((state) => [state.symbol, state]),
  );
  return {
    at: toMillis(clock.now()),
    symbols: symbols.map((symbol) => ({
      symbol,
      candles: candles.get(symbol)!,
      forecasts: (newest.get(symbol)?.forecasts ?? []).map((
        { forecast, score },
      ) => forecastView(forecast, score)),
      signals: (newest.get(symbol)?.signals ?? []).map((one) =>
        signalView(one)
      ),
      feed: states.get(symbol)!,
    })),
  };
}

type SnapshotCandles = Snapshot["symbols"][number]["candles"];

/** Of each symbol, some symbols at a time if they have much history. */
async function readCandles(
  candles: Services["candles"],
  symbols: readonly string[],
  { interval: intervals, history }: StreamQuery,
  turns: Turns,
): Promise<ReadonlyMap<string, SnapshotCandles>> {
  const bySymbol = new Map<string, SnapshotCandles[number][]>(
    symbols.map((symbol) => [symbol, []]),
  );
  const atOnce = Math.max(1, Math.floor(CANDLES_OF_A_TURN / (history + 1)));
  for (let i = 0; i < symbols.length; i += atOnce) {
    const some = symbols.slice(i, i + atOnce);
    for (const interval of intervals) {
      const latest = await candles.latest(some, interval, history + 1);
      for (const symbol of some) {
        const rows = (latest.get(symbol) ?? []).map(candleView);
        const forming = rows.at(-1)?.closed === false ? rows.at(-1)! : null;
        const closed = rows.filter(({ closed }) => closed);
        bySymbol.get(symbol)!.push({
          interval,
          closed: history === 0 ? [] : closed.slice(-history),
          forming,
        });
      }
    }
    await turns.end();
  }
  return bySymbol;
}

/** The snapshot as an event, written and encoded some symbols at a time. */
async function frameOf(
  { symbols, ...rest }: Snapshot,
  turns: Turns,
): Promise<readonly Bytes[]> {
  const pieces: Bytes[] = [];
  let text = `event: snapshot\ndata: ${JSON.stringify(rest).slice(0, -1)},` +
    `"symbols":[`;
  for (const [i, symbol] of symbols.entries()) {
    text += (i === 0 ? "" : ",") + JSON.stringify(symbol);
    if (text.length < PIECE_BYTES) continue;
    pieces.push(...piecesOf(encoder.encode(text)));
    text = "";
    await turns.end();
  }
  pieces.push(...piecesOf(encoder.encode(`${text}]}\n\n`)));
  return pieces;
}

/**
 * The same bytes in pieces with memory of their own: a socket copies all the
 * memory that a piece is of, for each client and each time.
 */
function piecesOf(bytes: Bytes): readonly Bytes[] {
  return Array.from(
    { length: Math.ceil(bytes.length / PIECE_BYTES) },
    (_, i) => bytes.slice(i * PIECE_BYTES, (i + 1) * PIECE_BYTES),
  );
}

function tellsOf({ symbols }: Snapshot): ReadSnapshot["tells"] {
  const parts = new Map(symbols.map((part) => [part.symbol, part]));
  return ({ event }) => {
    const part = parts.get(event.symbol);
    return part !== undefined && isIn(part, event);
  };
}

function isIn(part: Snapshot["symbols"][number], event: LiveEvent): boolean {
  switch (event.kind) {
    case "candle":
    case "candle.closed":
    case "candle.revised": {
      const { closed, forming } = part.candles.find(({ interval }) =>
        interval === event.interval
      )!;
      const { candle } = event;
      const shown = forming?.t === candle.t
        ? forming
        : closed.findLast(({ t }) => t <= candle.t);
      if (shown?.t === candle.t) return !isNewer(candle, shown);
      return event.kind === "candle" && forming !== null &&
        candle.t < forming.t;
    }
    case "forecast":
    case "signal":
    case "feed":
      return false; // the same again does no harm
  }
}
