import type { Snapshot } from "../api_views.ts";
import type { LinkStatus } from "../link_status.ts";
import {
  rowAfter,
  rowAfterAnswer,
  rowAfterSnapshot,
  type WatchRow,
  watchRowOf,
} from "../watch_row.ts";
import { connectLive, type EventName } from "./connect_live.ts";
import { askApi } from "./api_client.ts";
import { ServerClock } from "./server_clock.ts";

const TICK_MS = 1_000;
/** Records of models change slowly; so do instruments. */
const ASK_EVERY_MS = 60_000;
/** An instrument that is new is asked for this soon. */
const ASK_SOON_MS = 1_500;

/**
 * More rows than these wait for the next frame: all of a screen at once would
 * hold up what the reader does meanwhile.
 */
const ROWS_A_FRAME = 8;

type Listener = () => void;

/**
 * All instruments, kept up to date by one stream.
 *
 * What comes within a frame is told together, and only to the rows that it is
 * about and that listen: those in view, a few in each frame.
 */
export class WatchStore {
  readonly rows = new Map<string, WatchRow>();
  /** The server's time at the last second, Unix ms. */
  now: number;
  link: LinkStatus = "loading";
  readonly #clock = new ServerClock();
  readonly #listeners = new Map<string, Listener>();
  readonly #changed = new Set<string>();
  readonly #tickListeners = new Set<Listener>();
  #frame = 0;
  #asking: ReturnType<typeof setTimeout> | undefined;
  #askAt = Infinity;

  constructor(rows: readonly WatchRow[], now: number) {
    for (const row of rows) this.rows.set(row.symbol, row);
    this.now = now;
  }

  /** Calls back once a frame at most while this row changes. */
  listen(symbol: string, listener: Listener): () => void {
    this.#listeners.set(symbol, listener);
    return () => {
      if (this.#listeners.get(symbol) === listener) {
        this.#listeners.delete(symbol);
      }
    };
  }

  /** Calls back each second, and when the link's status or the rows change. */
  onTick(listener: Listener): () => void {
    this.#tickListeners.add(listener);
    return () => this.#tickListeners.delete(listener);
  }

  /** Connects to the server; returns how to stop. */
  connect(): () => void {
    this.#clock.set(this.now);
    const timer = setInterval(() => this.#tick(), TICK_MS);
    this.#askIn(ASK_EVERY_MS);
    const stop = connectLive({
      url: "/api/stream?history=0",
      onStatus: (link) => {
        this.link = link;
        this.#tick();
      },
      onEvent: (name, data) => this.#receive(name, data),
      poll: () => this.#ask(),
    });
    return () => {
      stop();
      clearInterval(timer);
      clearTimeout(this.#asking);
      cancelAnimationFrame(this.#frame);
    };
  }

  // deno-lint-ignore no-explicit-any
  #receive(name: EventName, data: any): void {
    if (name !== "snapshot") {
      this.#change(
        data.symbol,
        (row) => rowAfter(row, name, data, this.#clock.now()),
      );
      return;
    }
    const snapshot: Snapshot = data;
    this.#clock.set(snapshot.at);
    for (const part of snapshot.symbols) {
      this.#change(part.symbol, (row) => rowAfterSnapshot(row, part));
    }
  }

  #change(symbol: string, by: (row: WatchRow) => WatchRow): void {
    const row = this.rows.get(symbol);
    if (row === undefined) return this.#askIn(ASK_SOON_MS);
    this.rows.set(symbol, by(row));
    if (!this.#listeners.has(symbol)) return;
    this.#changed.add(symbol);
    this.#nextFrame();
  }

  #nextFrame(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      for (const symbol of [...this.#changed].slice(0, ROWS_A_FRAME)) {
        this.#changed.delete(symbol);
        this.#listeners.get(symbol)?.();
      }
      if (this.#changed.size > 0) this.#nextFrame();
    });
  }

  #tick(): void {
    this.now = this.#clock.now();
    for (const symbol of this.#listeners.keys()) this.#changed.add(symbol);
    if (this.#changed.size > 0) this.#nextFrame();
    for (const listener of this.#tickListeners) listener();
  }

  /** Asks the server after a time, or earlier if that is due anyway. */
  #askIn(ms: number): void {
    const at = Date.now() + ms;
    if (at >= this.#askAt) return;
    this.#askAt = at;
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => {
      this.#askAt = Infinity;
      this.#askIn(ASK_EVERY_MS);
      this.#ask().catch(() => {}); // the link's status tells of it
    }, ms);
  }

  async #ask(): Promise<void> {
    const { instruments } = await askApi("/api/instruments", {});
    let more = false;
    for (const one of instruments) {
      if (this.rows.has(one.symbol)) {
        this.#change(one.symbol, (row) => rowAfterAnswer(row, one));
        continue;
      }
      more = true;
      this.rows.set(
        one.symbol,
        watchRowOf(one, one.last === null ? [] : [one.last.c]),
      );
    }
    if (more) this.#tick();
  }
}
