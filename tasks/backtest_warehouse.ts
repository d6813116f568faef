import { loadCalendars } from "../pipeline/calendars/load_markets.ts";
import type { InstrumentView } from "../components/api_views.ts";
import type { Calendar } from "../pipeline/domain/calendar.ts";
import type { CandleView, StoredCandle } from "../pipeline/domain/candle.ts";
import type { Instrument } from "../pipeline/domain/instrument.ts";
import {
  type EpochMicros,
  fromMillis,
  toMillis,
} from "../pipeline/domain/time.ts";
import type { KnownCandle } from "../pipeline/forecast/backtest/known_candle.ts";
import type { RevisionView } from "../web/query_revisions.ts";
import type { BacktestSource } from "./backtest_source.ts";
import type { ProgramApi } from "./program_api.ts";

/** Candles of one request. */
const PAGE = 5_000;
const ROOT = new URL("../", import.meta.url);

export interface WarehouseOptions {
  readonly symbol: string;
  readonly from: EpochMicros;
  readonly to: EpochMicros;
  /** Of the program, for people. */
  readonly name: string;
}

/**
 * Candles of a running program's warehouse, each with all its versions.
 *
 * @throws {Error} If the program does not answer, or does not know the symbol.
 */
export async function openWarehouseSource(
  api: ProgramApi,
  { symbol, from, to, name }: WarehouseOptions,
): Promise<BacktestSource> {
  const { instruments } = await api.json("/api/instruments") as {
    readonly instruments: readonly InstrumentView[];
  };
  const view = instruments.find((one) => one.symbol === symbol);
  if (view === undefined) {
    throw new Error(`Cannot backtest ${symbol} as ${name} does not know it`);
  }
  const calendars = await loadCalendars(new URL("markets/calendars", ROOT));
  const calendar = calendars.get(view.calendar);
  if (calendar === undefined) {
    throw new Error(
      `Cannot backtest ${symbol} as its calendar must be in ` +
        `markets/calendars, got ${view.calendar}`,
    );
  }
  const reader = new Reader(api, symbol, calendar);

  async function* candles(warmUp: number): AsyncGenerator<KnownCandle> {
    yield* await reader.known({ to: toMillis(from), limit: warmUp });
    let cursor: string | null = null;
    do {
      const page = await reader.page({
        from: toMillis(from),
        to: toMillis(to),
        limit: PAGE,
        ...(cursor === null ? {} : { cursor }),
      });
      yield* page.known;
      cursor = page.next;
    } while (cursor !== null);
  }

  return {
    name,
    instrument: instrumentOf(view),
    calendar,
    from,
    to,
    candles,
    rejected: 0,
  };
}

/** Reads candles with their versions. */
class Reader {
  constructor(
    private readonly api: ProgramApi,
    private readonly symbol: string,
    private readonly calendar: Calendar,
  ) {}

  async known(
    query: Readonly<Record<string, string | number>>,
  ): Promise<readonly KnownCandle[]> {
    return (await this.page(query)).known;
  }

  async page(query: Readonly<Record<string, string | number>>): Promise<{
    readonly known: readonly KnownCandle[];
    readonly next: string | null;
  }> {
    const of = { symbol: this.symbol, interval: "1m" };
    const page = await this.api.json("/api/candles", { ...of, ...query }) as {
      readonly candles: readonly CandleView[];
      readonly next: string | null;
    };
    const closed = page.candles.filter((candle) => candle.closed);
    const known: KnownCandle[] = [];
    // Read after the candles, it has at least what those had before.
    const before = closed.length === 0 || closed.every(({ rev }) => rev === 0)
      ? new Map<number, RevisionView[]>()
      : await this.#revisions(closed[0].t, closed[closed.length - 1].t + 1);
    for (const candle of closed) {
      const earlier = (before.get(candle.t) ?? [])
        .filter(({ rev }) => rev < candle.rev);
      known.push(this.#known(candle, earlier));
    }
    return { known, next: page.next };
  }

  async #revisions(
    from: number,
    to: number,
  ): Promise<ReadonlyMap<number, RevisionView[]>> {
    const byTime = new Map<number, RevisionView[]>();
    let cursor: string | null = null;
    do {
      const page: {
        readonly revisions: readonly RevisionView[];
        readonly next: string | null;
      } = await this.api.json("/api/revisions", {
        symbol: this.symbol,
        interval: "1m",
        from,
        to,
        limit: PAGE,
        ...(cursor === null ? {} : { cursor }),
      });
      for (const revision of page.revisions) {
        const list = byTime.get(revision.t);
        if (list) list.push(revision);
        else byTime.set(revision.t, [revision]);
      }
      cursor = page.next;
    } while (cursor !== null);
    return byTime;
  }

  /** A candle and what it was before, oldest first. */
  #known(candle: CandleView, earlier: readonly RevisionView[]): KnownCandle {
    const versions: CandleView[] = [...earlier, candle];
    return {
      first: this.#stored(versions[0]),
      later: versions.slice(1).map((version, i) => ({
        knownFrom: fromMillis(earlier[i].known_to),
        candle: this.#stored(version),
      })),
    };
  }

  #stored(view: CandleView): StoredCandle {
    const t = fromMillis(view.t);
    return {
      symbol: this.symbol,
      interval: "1m",
      t,
      end: this.calendar.bucketAt("1m", t).end,
      open: String(view.o),
      high: String(view.h),
      low: String(view.l),
      close: String(view.c),
      volume: String(view.v),
      vw: view.vw === null ? null : String(view.vw),
      n: view.n,
      closed: view.closed,
      closedBy: view.closed_by,
      rev: view.rev,
      complete: view.complete,
      coverageMs: view.coverage_ms,
      origin: view.closed_by === "import" ? "import" : "ticks",
      lastTs: null,
    };
  }
}

function instrumentOf(view: InstrumentView): Instrument {
  return {
    id: 0,
    symbol: view.symbol,
    name: view.name,
    exchange: view.exchange,
    type: view.type,
    currency: view.currency,
    priceScale: view.price_scale,
    sizeScale: view.size_scale,
    tickSize: view.tick_size,
    lotSize: view.lot_size,
    calendar: view.calendar,
    costBps: view.cost_bps,
    auto: view.auto,
    note: view.note,
    validFrom: view.valid_from === null ? null : fromMillis(view.valid_from),
    validTo: view.valid_to === null ? null : fromMillis(view.valid_to),
  };
}
