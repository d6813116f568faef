import type { InstrumentNow } from "../api_views.ts";
import { apiUrl, askApi } from "./api_client.ts";
import { connectLive, type EventName } from "./connect_live.ts";
import { isHeard } from "./live_taps.ts";

const LOOK_EVERY_MS = 3_000;
/** Symbols that a stream may name. */
const SYMBOLS_MAX = 64;

/**
 * Hears of instruments that no stream of this page tells of.
 *
 * For one tab at a time: a browser opens few connections to one server.
 *
 * @returns How to stop.
 */
export function hearOthers(options: {
  /** Those that somebody wants to hear of. */
  readonly symbols: () => readonly string[];
  // deno-lint-ignore no-explicit-any
  readonly onEvent: (name: EventName, data: any) => void;
  readonly onAnswer: (instruments: readonly InstrumentNow[]) => void;
}): () => void {
  const over = new AbortController();
  let stop: (() => void) | null = null;
  let heard = "";

  const ask = async () => {
    const { instruments } = await askApi("/api/instruments", {}, over.signal);
    options.onAnswer(instruments);
    return instruments;
  };
  const look = async () => {
    const wanted = options.symbols().filter((symbol) => !isHeard(symbol));
    if (wanted.toSorted().join() === heard) return;
    heard = wanted.toSorted().join();
    stop?.();
    stop = null;
    if (wanted.length === 0) return;
    const known = new Set((await ask()).map(({ symbol }) => symbol));
    const symbols = wanted.filter((symbol) => known.has(symbol))
      .slice(0, SYMBOLS_MAX);
    if (symbols.length === 0 || over.signal.aborted) return;
    stop = connectLive({
      url: apiUrl("/api/stream", { symbols, history: 0 }),
      tapped: false,
      onEvent: options.onEvent,
      onStatus: () => {},
      poll: async () => void await ask(),
    });
  };
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look().catch(() => heard = "") // asked again at the next look
      .finally(() => looking = false);
  }, LOOK_EVERY_MS);
  return () => {
    over.abort();
    clearInterval(timer);
    stop?.();
  };
}
