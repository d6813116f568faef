import { assertNever } from "./assert.ts";

/** Markets whose own protocols are spoken. */
export const VENUE_NAMES = ["binance", "kraken", "kite"] as const;
export type VenueName = typeof VENUE_NAMES[number];

/** Where ticks come from: sources that call us, or that we call. */
export type FeedEndpoint = SocketEndpoint | VenueEndpoint;

/** A source that speaks our protocol over TCP. */
export interface SocketEndpoint {
  /** `listen`: sources connect to us. `tcp`: we dial the source. */
  readonly mode: "listen" | "tcp";
  readonly host: string;
  /** 0 lets the system choose a free one; only to listen. */
  readonly port: number;
  readonly format: "ndjson" | "csv";
}

/** A market that speaks its own protocol over a WebSocket. */
export interface VenueEndpoint {
  readonly mode: "websocket";
  readonly host: string;
  readonly port: number;
  /** As it is dialled; it may have secrets in it. */
  readonly url: string;
  readonly venue: VenueName;
  readonly symbols: readonly string[];
}

const SOCKET_URL =
  /^(listen|tcp):\/\/(\[[0-9a-fA-F:.]+\]|[\w.-]+):(\d{1,5})\/?(?:\?format=(csv|ndjson))?$/;

/** Reads one of the URLs of `FEEDS`; `null` if it is none. */
export function parseFeedEndpoint(text: string): FeedEndpoint | null {
  return /^wss?:/.test(text) ? parseVenue(text) : parseSocket(text);
}

function parseSocket(text: string): SocketEndpoint | null {
  const match = SOCKET_URL.exec(text);
  if (!match) return null;
  const mode = match[1] === "tcp" ? "tcp" : "listen";
  const port = Number(match[3]);
  if (port > 65_535 || (mode === "tcp" && port === 0)) return null;
  return {
    mode,
    host: match[2].replace(/^\[|\]$/g, ""),
    port,
    format: match[4] === "csv" ? "csv" : "ndjson",
  };
}

/** What is ours stands after the `#`, which no server gets to see. */
function parseVenue(text: string): VenueEndpoint | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const ours = new URLSearchParams(url.hash.slice(1));
  const venue = VENUE_NAMES.find((name) => name === ours.get("venue"));
  const known = [...ours.keys()].every((key) =>
    key === "venue" || key === "symbols"
  );
  const symbols = (ours.get("symbols") ?? "").split(";")
    .filter((one) => one !== "");
  if (venue === undefined || !known || !subscribable(venue, symbols)) {
    return null;
  }
  url.hash = "";
  return {
    mode: "websocket",
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (url.protocol === "wss:" ? 443 : 80)),
    url: url.href,
    venue,
    symbols,
  };
}

/** Whether a venue can be asked for these; Binance's URL may name streams. */
function subscribable(venue: VenueName, symbols: readonly string[]): boolean {
  switch (venue) {
    case "binance":
      return true;
    case "kraken":
      return symbols.length > 0;
    case "kite":
      return symbols.length > 0 &&
        symbols.every((one) => /^\d{1,10}:.+$/.test(one));
    default:
      return assertNever(venue);
  }
}
