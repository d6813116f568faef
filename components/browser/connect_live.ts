import type { LinkStatus } from "../link_status.ts";
import { noteConnected, tellTaps } from "./live_taps.ts";

const POLL_EVERY_MS = 2_000;
const REOPEN_AFTER_MS = 5_000;
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

/**
 * Listens to a stream, and polls while it does not work.
 *
 * @returns How to stop.
 */
export function connectLive(options: {
  readonly url: string;
  // deno-lint-ignore no-explicit-any
  readonly onEvent: (name: EventName, data: any) => void;
  readonly onStatus: (status: LinkStatus) => void;
  /** Asks for what is new; rejects if the server cannot be reached. */
  readonly poll: () => Promise<void>;
  /** Whether other parts of the page hear what it tells; they do. */
  readonly tapped?: boolean;
}): () => void {
  const { tapped = true } = options;
  let noteLost = () => {};
  let source: EventSource | null = null;
  let reopen: ReturnType<typeof setTimeout> | undefined;
  let polling: ReturnType<typeof setInterval> | undefined;
  let heardAt = Date.now();
  let open = true;

  const listen = () => {
    source?.close();
    source = new EventSource(options.url);
    heardAt = Date.now();
    source.onopen = () => {
      clearInterval(polling);
      polling = undefined;
      noteLost();
      if (tapped) noteLost = noteConnected(options.url);
      options.onStatus("connected");
    };
    source.onerror = () => {
      noteLost();
      if (source?.readyState === EventSource.CLOSED) {
        clearTimeout(reopen);
        reopen = setTimeout(listen, REOPEN_AFTER_MS);
      }
      if (polling !== undefined) return;
      options.onStatus("reconnecting");
      polling = setInterval(poll, POLL_EVERY_MS);
    };
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        heardAt = Date.now();
        const data = JSON.parse(event.data);
        options.onEvent(name, data);
        if (tapped) tellTaps(name, data);
      });
    }
  };
  const poll = async () => {
    try {
      await options.poll();
      if (open && polling !== undefined) options.onStatus("polling");
    } catch {
      if (open && polling !== undefined) options.onStatus("offline");
    }
  };
  const watchdog = setInterval(() => {
    if (Date.now() - heardAt > SILENCE_MAX_MS) listen();
  }, SILENCE_MAX_MS / 3);
  // A page that is left must not hold its connection while it is cached.
  const hide = () => source?.close();
  const show = (event: PageTransitionEvent) => {
    if (event.persisted) listen();
  };
  addEventListener("pagehide", hide);
  addEventListener("pageshow", show);

  listen();
  return () => {
    open = false;
    noteLost();
    source?.close();
    clearTimeout(reopen);
    clearInterval(polling);
    clearInterval(watchdog);
    removeEventListener("pagehide", hide);
    removeEventListener("pageshow", show);
  };
}
