import type { VenueName } from "../../domain/feed_endpoint.ts";
import { binance } from "./binance.ts";
import { kite } from "./kite.ts";
import { kraken } from "./kraken.ts";
import type { Venue } from "./venue.ts";

/** Makes a venue's decoder for the symbols that are to be subscribed. */
type MakeVenue = (symbols: readonly string[]) => Venue;

/** Every venue by the name that `FEEDS` calls it. */
export const VENUES: Readonly<Record<VenueName, MakeVenue>> = {
  binance,
  kraken,
  kite,
};
