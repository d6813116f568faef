import { jsonMessage } from "./json_message.ts";
import { tickLine } from "./tick_line.ts";
import { type Venue, VenueError } from "./venue.ts";

/**
 * Trades of Kraken's WebSocket v2 (`wss://ws.kraken.com/v2`), of symbols such
 * as `BTC/USD`. No snapshot is asked for: after a lost connection it would give
 * the newest trades a second time.
 * https://docs.kraken.com/api/docs/websocket-v2/trade
 */
export function kraken(symbols: readonly string[]): Venue {
  return {
    hello: [JSON.stringify({
      method: "subscribe",
      params: { channel: "trade", symbol: symbols, snapshot: false },
    })],
    lines(message) {
      const read = jsonMessage("Kraken", message);
      if ("line" in read) return [read.line];
      const parsed = read.value;
      if (parsed.success === false || parsed.error) {
        throw new VenueError(`Kraken refuses: ${parsed.error}`);
      }
      if (parsed.channel !== "trade" || !Array.isArray(parsed.data)) return [];
      return parsed.data.map((
        { symbol, timestamp: ts, price, qty: volume }: Record<string, unknown>,
      ) => tickLine({ symbol, ts, price, volume }));
    },
  };
}
