import type { LinkStatus } from "../link_status.ts";
import { noteConnected, tellTaps } from "./live_taps.ts";

const POLL_EVERY_MS = 2_000;
/** A question that takes longer counts as not answered. */
const ANSWER_MS_MAX = 2_000;
const POLL_MS_MAX = 8_000;
const CHECK_EVERY_MS = 250;
/** A stream that says nothing for so long is doubted: the server is asked. */
const DOUBT_AFTER_MS = 2_500;
/** The browser tries again by itself; after so long a new stream is begun. */
const REOPEN_AFTER_MS = 6_000;
/** Feed states are told every 15 s: silence for longer is a dead stream. */
const SILENCE_MAX_MS = 45_000;

const EVENTS = [
  "snapshot",
  "candle",
  "candle.closed",
  "candle.revised",
  "forecast",
  "signal",
  "feed",
] as const;
export type EventName = typeof EVENTS[number];

export interface LiveOptions {
  readonly url: string;
  // deno-lint-ignore no-explicit-any
  readonly onEvent: (name: EventName, data: any) => void;
  readonly onStatus: (status: LinkStatus) => void;
  /** Asks for what is new; rejects if the server cannot be reached. */
  readonly poll: () => Promise<void>;
  /** Whether other parts of the page hear what it tells; they do. */
  readonly tapped?: boolean;
}

/**
 * Listens to a stream, and polls while it does not work.
 *
 * A connection that is cut is noticed at once, one that hangs within five
 * seconds: a stream in silence is no proof that there is still a server.
 *
 * @returns How to stop.
 */
export function connectLive(options: LiveOptions): () => void {
  const link = new LiveLink(options);
  return () => link.close();
}

class LiveLink {
  #source: EventSource | null = null;
  #open = true;
  /** When the stream was begun, and when it was last heard of. */
  #begunAt = 0;
  #heardAt = 0;
  /** When the server last answered a question. */
  #answeredAt = 0;
  #asking = false;
  #noteLost = () => {};
  #polling: ReturnType<typeof setInterval> | undefined;
  readonly #checking: ReturnType<typeof setInterval>;
  readonly #listeners = new AbortController();

  constructor(private readonly options: LiveOptions) {
    const { signal } = this.#listeners;
    // A page that is left must not hold its connection while it is cached.
    addEventListener("pagehide", () => this.#source?.close(), { signal });
    addEventListener("pageshow", ({ persisted }: PageTransitionEvent) => {
      if (persisted) this.#listen();
    }, { signal });
    addEventListener("offline", () => this.#lose(), { signal });
    addEventListener("online", () => this.#listen(), { signal });
    this.#checking = setInterval(() => this.#check(), CHECK_EVERY_MS);
    this.#listen();
  }

  close(): void {
    this.#open = false;
    this.#noteLost();
    this.#source?.close();
    clearInterval(this.#polling);
    clearInterval(this.#checking);
    this.#listeners.abort();
  }

  #listen(): void {
    this.#source?.close();
    const source = this.#source = new EventSource(this.options.url);
    this.#begunAt = this.#heardAt = Date.now();
    source.onopen = () => {
      this.#heardAt = Date.now();
      clearInterval(this.#polling);
      this.#polling = undefined;
      this.#noteLost();
      if (this.options.tapped ?? true) {
        this.#noteLost = noteConnected(this.options.url);
      }
      this.options.onStatus("connected");
    };
    source.onerror = () => this.#pollInstead();
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        this.#heardAt = Date.now();
        const data = JSON.parse(event.data);
        this.options.onEvent(name, data);
        if (this.options.tapped ?? true) tellTaps(name, data);
      });
    }
  }

  /** The connection is dead, although the browser has not noticed. */
  #lose(): void {
    this.#source?.close();
    this.#pollInstead();
  }

  #pollInstead(): void {
    this.#noteLost();
    if (!this.#open || this.#polling !== undefined) return;
    this.options.onStatus("reconnecting");
    this.#polling = setInterval(() => this.#poll(), POLL_EVERY_MS);
  }

  async #poll(): Promise<void> {
    if (this.#asking) return;
    const answered = await this.#ask(this.options.poll(), POLL_MS_MAX);
    if (!this.#open || this.#polling === undefined) return;
    this.options.onStatus(answered ? "polling" : "offline");
  }

  #check(): void {
    const now = Date.now();
    const silentMs = now - this.#heardAt;
    if (this.#polling !== undefined) {
      const waits = this.#source?.readyState !== EventSource.OPEN;
      if (waits && now - this.#begunAt > REOPEN_AFTER_MS) this.#listen();
    } else if (silentMs > SILENCE_MAX_MS) {
      this.#listen();
    } else if (
      silentMs > DOUBT_AFTER_MS && now - this.#answeredAt > DOUBT_AFTER_MS &&
      !document.hidden && !this.#asking
    ) {
      this.#probe();
    }
  }

  async #probe(): Promise<void> {
    const asked = Date.now();
    const answered = await this.#ask(
      fetch("/livez", { signal: AbortSignal.timeout(ANSWER_MS_MAX) }),
      ANSWER_MS_MAX,
    );
    if (!answered && this.#open && this.#heardAt < asked) this.#lose();
  }

  /** @returns Whether it was answered, in time. */
  async #ask(question: Promise<unknown>, msMax: number): Promise<boolean> {
    this.#asking = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("No answer")), msMax);
    });
    try {
      await Promise.race([question, late]);
      this.#answeredAt = Date.now();
      return true;
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
      this.#asking = false;
    }
  }
}
