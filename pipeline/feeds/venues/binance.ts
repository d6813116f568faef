import { jsonMessage } from "./json_message.ts";
import { tickLine, venueTime } from "./tick_line.ts";
import { type Venue, VenueError } from "./venue.ts";

/**
 * Trades (`<symbol>@trade`) and aggregate trades (`<symbol>@aggTrade`) of
 * Binance's streams, raw or combined; other events are passed over.
 *
 * Without symbols nothing is subscribed: then the URL names the streams, as in
 * `wss://stream.binance.com:9443/stream?streams=ethusdt@trade`.
 * https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
 */
export function binance(symbols: readonly string[]): Venue {
  const streams = symbols.map((one) =>
    one.includes("@") ? one : `${one.toLowerCase()}@trade`
  );
  return {
    hello: streams.length === 0 ? [] : [
      JSON.stringify({ method: "SUBSCRIBE", params: streams, id: 1 }),
    ],
    lines(message) {
      const read = jsonMessage("Binance", message);
      if ("line" in read) return [read.line];
      const parsed = read.value;
      if (parsed.error) {
        throw new VenueError(
          `Binance refuses: ${JSON.stringify(parsed.error).slice(0, 200)}`,
        );
      }
      const event = parsed.data ?? parsed;
      if (event.e !== "trade" && event.e !== "aggTrade") return [];
      const { s: symbol, T, p: price, q: volume } = event;
      return [tickLine({ symbol, ts: venueTime(T), price, volume })];
    },
  };
}
