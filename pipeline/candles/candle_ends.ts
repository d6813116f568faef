import type { Calendar } from "../domain/calendar.ts";
import type { ClosedBy } from "../domain/candle.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MS,
} from "../domain/time.ts";
import type { FeedProgress } from "../ports.ts";
import type { BookSettings } from "./book_settings.ts";
import type { FeedBook } from "./feed_book.ts";
import type { Bucket, SymbolBook } from "./symbol_book.ts";

/** What ends candles: watermarks of feeds, the end of a replay, silences. */
export class CandleEnds {
  /** How much later than the newest tick an older one may come. */
  readonly lateness: number;
  readonly #idle: number;
  readonly #replayIdle: number;
  readonly #away: number;

  /** @param markedAt The listener's clock, as the stream has it. */
  constructor(settings: BookSettings, public markedAt: EpochMicros | null) {
    this.lateness = settings.latenessMs * MICROS_PER_MS;
    this.#idle = this.lateness + settings.idleMs * MICROS_PER_MS;
    this.#replayIdle = settings.replayIdleMs * MICROS_PER_MS;
    this.#away = settings.awayMs * MICROS_PER_MS;
  }

  /** Whether the silence that is marked may have ended a candle. */
  silenceMayEnd(book: SymbolBook): boolean {
    return this.#silentSince(book.nextCloseAt) && !this.#isHeld(book);
  }

  /**
   * Whether ticks may have ended a candle: only a watermark does, or a silence
   * that was marked before.
   */
  ticksMayEnd(book: SymbolBook): boolean {
    return book.nextCloseAt <= book.newest - this.lateness ||
      this.silenceMayEnd(book);
  }

  /**
   * What ends a candle by now, or `null` if it must wait.
   *
   * It waits for every feed that has come as far as its start: for live ones
   * only, if there are any, so that a replay neither holds back nor ends what
   * is live.
   */
  endOf(book: SymbolBook, candle: Bucket): ClosedBy | null {
    let live = false;
    for (const { row } of book.reaches) {
      if (row.maxEvent >= candle.t && !row.replay) live = true;
    }
    let by: ClosedBy = "watermark";
    let contributors = 0;
    for (const { feed, row } of book.reaches) {
      if (row.maxEvent < candle.t || (live && row.replay)) continue;
      contributors++;
      const passed = this.#passedBy(feed, row, candle);
      if (passed === null) return null;
      if (by !== "idle" && passed !== "watermark") by = passed;
    }
    if (contributors === 0 && !this.#silentSince(candle.closeAt)) return null;
    if (contributors === 0) by = "idle";
    return by === "idle" && endsSession(book.calendar, candle.closeAt)
      ? "session_end"
      : by;
  }

  /** Whether ticks show that a feed has made up for what it was away. */
  hasReturned({ totals }: FeedBook, receivedAt: EpochMicros): boolean {
    const { awaySince, lastEvent, connected } = totals;
    if (awaySince === null || !connected) return false;
    const caughtUp = lastEvent !== null &&
      lastEvent - this.lateness >= awaySince;
    return caughtUp || receivedAt - awaySince >= this.#away;
  }

  /**
   * Whether a live feed has come as far as the start of each open candle, to
   * the end of none, and was heard of a moment ago: all of them wait for it.
   * So it is while ticks of the past come, which every silence is past.
   */
  #isHeld({ reaches, nextCloseAt, lastOpenAt }: SymbolBook): boolean {
    for (const { row } of reaches) {
      if (
        !row.replay && row.maxEvent >= lastOpenAt &&
        row.maxEvent - this.lateness < nextCloseAt &&
        this.markedAt !== null &&
        this.markedAt - row.lastReceived < this.#idle
      ) return true;
    }
    return false;
  }

  /** How a feed has passed the end of a candle, or `null` if it has not. */
  #passedBy(
    feed: FeedBook,
    row: FeedProgress,
    candle: Bucket,
  ): "watermark" | "replay" | "idle" | null {
    if (row.maxEvent - this.lateness >= candle.closeAt) return "watermark";
    if (row.replay && row.ended) return "replay";
    if (!this.#silentSince(candle.closeAt)) return null;
    if (!row.ended && this.#stillResends(feed, candle)) return null;
    const silence = row.replay ? this.#replayIdle : this.#idle;
    return this.markedAt! - row.lastReceived >= silence ? "idle" : null;
  }

  /**
   * An acked feed went away a little while ago and has not come as far as the
   * candle's end since: what the candle lacks is sent when it is back.
   */
  #stillResends({ totals }: FeedBook, candle: Bucket): boolean {
    const { awaySince, lastEvent } = totals;
    if (awaySince === null || this.markedAt! - awaySince >= this.#away) {
      return false;
    }
    return lastEvent === null || lastEvent - this.lateness < candle.closeAt;
  }

  #silentSince(t: number): boolean {
    return this.markedAt !== null && this.markedAt - t >= this.#idle;
  }
}

/** A session ends at that moment, and none begins. */
function endsSession(calendar: Calendar, t: EpochMicros): boolean {
  const before = calendar.stateAt(epochMicros(t - 1));
  if (before.kind !== "open" || before.session.close !== t) return false;
  return calendar.stateAt(t).kind !== "open";
}
