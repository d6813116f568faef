import type { Calendar } from "../../domain/calendar.ts";
import {
  OUTCOME_MINUTES,
  type Signal,
  type SignalAction,
  type SignalOutcome,
} from "../../domain/signal.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
} from "../../domain/time.ts";
import { settleSignal } from "../../signals/settle_signal.ts";
import type { CandleFloats } from "../training_series.ts";
import type { Equity } from "./timeline.ts";

/** Trades that are told one by one: the newest. */
export const TRADES_TOLD = 1_000;
/** How long a trade is held; the equity is of these. */
const HELD_MINUTES = OUTCOME_MINUTES[0];
/** Minutes whose opens are kept: the longest outcome, and its fills. */
const OPENS_KEPT = Math.max(...OUTCOME_MINUTES) + 2;

/** An order of the rule, in at one open and out at the next. */
export interface Trade {
  readonly signal: Signal;
  readonly entryT: EpochMicros;
  readonly exitT: EpochMicros;
  readonly entry: number;
  readonly exit: number;
  /** Log return from entry to exit, in 1/100 of a percent. */
  readonly moveBps: number;
  /** What it made, cost paid. */
  readonly netBps: number;
}

/** What one way to trade came to; log returns in 1/100 of a percent. */
export interface WayToTrade {
  readonly trades: number;
  /** Trades that went the right way, before costs. */
  readonly hits: number;
  readonly grossBps: number;
  readonly costBps: number;
  readonly netBps: number;
  /** Largest fall of the net from an earlier high, at least 0. */
  readonly maxDrawdownBps: number;
}

/** BUY and SELL after some minutes, beside always being long for as many. */
export interface OutcomeRecord {
  readonly minutes: number;
  /** Outcomes with a price. */
  readonly n: number;
  readonly hits: number;
  readonly netBps: number;
  readonly alwaysLongBps: number;
}

/** All that a backtest says of its signals. */
export interface TradeRecord {
  readonly actions: Readonly<Record<SignalAction, number>>;
  /** BUY and SELL, each held for one minute. */
  readonly signals: WayToTrade;
  /** Each minute's lean taken as an order, whatever it costs. */
  readonly lean: WayToTrade;
  /** Bought once, and held to the end. */
  readonly alwaysLong: WayToTrade;
  readonly outcomes: readonly OutcomeRecord[];
  /** Orders without a price to settle at, by the reason. */
  readonly unpriced: ReadonlyMap<string, number>;
  /** Orders whose minute of exit is after the last candle. */
  readonly unsettled: number;
  /** The newest trades, ascending. */
  readonly trades: readonly Trade[];
}

interface Pending {
  readonly signal: Signal;
  readonly minutes: number;
  /** The lean of a minute, not an order of the rule. */
  readonly asLean: boolean;
}

/**
 * Fills signals as the live ones are filled: at the open of the minute after
 * their own, and out at the open one minute later. Opens are told in order, and
 * a signal is settled by the first candle that begins at or after its exit.
 */
export class TradeBook {
  readonly #actions: Record<SignalAction, number> = {
    BUY: 0,
    SELL: 0,
    HOLD: 0,
  };
  readonly #signals = new Account();
  readonly #lean = new Account();
  readonly #long = new Account();
  readonly #outcomes = new Map(OUTCOME_MINUTES.map((minutes) => [
    minutes as number,
    { minutes, n: 0, hits: 0, netBps: 0, alwaysLongBps: 0 },
  ]));
  readonly #unpriced = new Map<string, number>();
  readonly #trades: Trade[] = [];
  #pending: Pending[] = [];
  #opens: CandleFloats[] = [];
  /** Minute and open at which the first signal could be filled. */
  #longFrom: { readonly t: EpochMicros; open: number | null } | null = null;

  constructor(
    private readonly calendar: Pick<Calendar, "stateAt">,
    private readonly costBps: number,
  ) {}

  get equity(): Equity {
    return {
      signals: this.#signals.netBps,
      signalsGross: this.#signals.grossBps,
      lean: this.#lean.netBps,
      leanGross: this.#lean.grossBps,
      alwaysLong: this.#long.netBps,
    };
  }

  /** A signal that was made at the open of its minute. */
  add(signal: Signal): void {
    this.#actions[signal.action]++;
    this.#longFrom ??= {
      t: epochMicros(signal.t + MICROS_PER_MINUTE),
      open: null,
    };
    if (signal.lean !== "flat") {
      const action = signal.lean === "up" ? "BUY" : "SELL";
      this.#pending.push({
        signal: { ...signal, action },
        minutes: HELD_MINUTES,
        asLean: true,
      });
    }
    if (signal.action === "HOLD") return;
    for (const minutes of OUTCOME_MINUTES) {
      this.#pending.push({ signal, minutes, asLean: false });
    }
  }

  /** The candle of a minute; of it only the open fills. */
  addCandle(candle: CandleFloats): void {
    this.#opens.push(candle);
    if (this.#opens.length > OPENS_KEPT) this.#opens.shift();
    this.#markLong(candle);
    const now = candle.t as EpochMicros;
    this.#pending = this.#pending.filter((pending) => {
      const exitT = exitOf(pending);
      if (exitT > now) return true;
      const outcome = settleSignal(
        {
          signal: pending.signal,
          minutes: pending.minutes,
          entry: this.#fillAt(entryOf(pending.signal)),
          exit: this.#fillAt(exitT),
          closedThrough: now,
        },
        this.calendar,
        now,
      );
      if (outcome === null) return true;
      this.#settle(pending, outcome);
      return false;
    });
  }

  record(): TradeRecord {
    return {
      actions: { ...this.#actions },
      signals: this.#signals.way,
      lean: this.#lean.way,
      alwaysLong: {
        ...this.#long.way,
        hits: Number(this.#long.grossBps > 0),
      },
      outcomes: [...this.#outcomes.values()].map((one) => ({ ...one })),
      unpriced: new Map(this.#unpriced),
      unsettled:
        this.#pending.filter(({ asLean, minutes }) =>
          !asLean && minutes === HELD_MINUTES
        ).length,
      trades: [...this.#trades],
    };
  }

  #fillAt(t: EpochMicros) {
    const candle = this.#opens.findLast((one) => one.t === t);
    return candle ? { open: candle.open, complete: candle.whole } : null;
  }

  #markLong({ t, open }: CandleFloats): void {
    const from = this.#longFrom;
    if (from === null || t < from.t) return;
    if (from.open === null) {
      from.open = open;
      this.#long.enter(this.costBps);
    } else this.#long.mark(Math.log(open / from.open) * 1e4);
  }

  #settle({ signal, minutes, asLean }: Pending, outcome: SignalOutcome): void {
    const { came, costBps } = outcome;
    if (came.kind === "no_price") {
      if (asLean || minutes !== HELD_MINUTES) return;
      const kind = came.reason.replace(/ \d{4}-\d\d-\d\dT\d\d:\d\dZ/g, "")
        .replace(/ (at|of)$/, "");
      this.#unpriced.set(kind, (this.#unpriced.get(kind) ?? 0) + 1);
      return;
    }
    const { moveBps, netBps, entry, exit } = came;
    if (asLean) return this.#lean.trade(netBps + costBps, costBps);
    const sums = this.#outcomes.get(minutes)!;
    sums.n++;
    sums.hits += Number(netBps + costBps > 0);
    sums.netBps += netBps;
    sums.alwaysLongBps += moveBps - costBps;
    if (minutes !== HELD_MINUTES) return;
    this.#signals.trade(netBps + costBps, costBps);
    this.#trades.push({
      signal,
      entryT: entryOf(signal),
      exitT: exitOf({ signal, minutes }),
      entry,
      exit,
      moveBps,
      netBps,
    });
    if (this.#trades.length > TRADES_TOLD) this.#trades.shift();
  }
}

function entryOf({ t }: Signal): EpochMicros {
  return epochMicros(t + MICROS_PER_MINUTE);
}

function exitOf(
  { signal, minutes }: Pick<Pending, "signal" | "minutes">,
): EpochMicros {
  return epochMicros(entryOf(signal) + minutes * MICROS_PER_MINUTE);
}

/** The books of one way to trade. */
class Account {
  #trades = 0;
  #hits = 0;
  #high = 0;
  #drawdown = 0;
  grossBps = 0;
  #costBps = 0;

  get netBps(): number {
    return this.grossBps - this.#costBps;
  }

  get way(): WayToTrade {
    return {
      trades: this.#trades,
      hits: this.#hits,
      grossBps: this.grossBps,
      costBps: this.#costBps,
      netBps: this.netBps,
      maxDrawdownBps: this.#drawdown,
    };
  }

  /** A whole trade. */
  trade(grossBps: number, costBps: number): void {
    this.#hits += Number(grossBps > 0);
    this.enter(costBps);
    this.mark(this.grossBps + grossBps);
  }

  /** A trade begins: its cost, there and back, is paid now. */
  enter(costBps: number): void {
    this.#trades++;
    this.#costBps += costBps;
    this.#seen();
  }

  /** What it stands at before costs. */
  mark(grossBps: number): void {
    this.grossBps = grossBps;
    this.#seen();
  }

  #seen(): void {
    this.#high = Math.max(this.#high, this.netBps);
    this.#drawdown = Math.max(this.#drawdown, this.#high - this.netBps);
  }
}
