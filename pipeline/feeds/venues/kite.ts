import { tickLine } from "./tick_line.ts";
import { type Venue, VenueError } from "./venue.ts";

/** Bytes of a packet in mode `full`, of an index and of anything else. */
const INDEX_FULL = 32;
const FULL = 184;
const SEGMENT_CDS = 3;
const SEGMENT_BCD = 6;
const SEGMENT_INDICES = 9;

/**
 * Zerodha Kite's binary packets in mode `full`, which alone carry the time of
 * the exchange: `wss://ws.kite.trade?api_key=…&access_token=…`.
 *
 * Symbols are `token:SYMBOL`, as in `256265:NIFTY50`. A packet is a snapshot:
 * its volume is what the day's has grown by since the last one, which for the
 * first one is not known and taken as that of the last trade.
 * https://kite.trade/docs/connect/v3/websocket/
 */
export function kite(symbols: readonly string[]): Venue {
  const names = new Map(symbols.map((one) => {
    const match = /^(\d{1,10}):(.+)$/.exec(one);
    if (!match) {
      throw new VenueError(
        `A symbol of Kite must be token:SYMBOL, got ${JSON.stringify(one)}`,
      );
    }
    return [Number(match[1]), match[2]];
  }));
  const tokens = [...names.keys()];
  const volumes = new Map<number, number>();
  return {
    hello: [
      JSON.stringify({ a: "subscribe", v: tokens }),
      JSON.stringify({ a: "mode", v: ["full", tokens] }),
    ],
    lines(message) {
      if (typeof message === "string") {
        const { type, data } = JSON.parse(message);
        if (type === "error") throw new VenueError(`Kite refuses: ${data}`);
        return [];
      }
      if (message.length < 2) return []; // a heartbeat
      return packetsOf(message).flatMap((packet) => {
        const tick = readPacket(packet, names, volumes);
        return tick === null ? [] : [tick];
      });
    },
  };
}

/** Each packet has its length before it, all have their number. */
function packetsOf(message: Uint8Array): readonly DataView[] {
  const view = new DataView(
    message.buffer,
    message.byteOffset,
    message.byteLength,
  );
  const packets: DataView[] = [];
  let at = 2;
  for (let left = view.getUint16(0); left > 0; left--) {
    const length = at + 2 <= view.byteLength ? view.getUint16(at) : -1;
    if (length < 0 || at + 2 + length > view.byteLength) {
      throw new VenueError(
        `A message of Kite ends in its midst, after ${view.byteLength} bytes`,
      );
    }
    packets.push(
      new DataView(message.buffer, message.byteOffset + at + 2, length),
    );
    at += 2 + length;
  }
  return packets;
}

function readPacket(
  packet: DataView,
  names: ReadonlyMap<number, string>,
  volumes: Map<number, number>,
): string | null {
  if (packet.byteLength < 8) return null;
  const token = packet.getUint32(0);
  const segment = token & 0xff;
  const isIndex = segment === SEGMENT_INDICES;
  const wanted = isIndex ? INDEX_FULL : FULL;
  const symbol = names.get(token);
  // Shorter ones come until the mode is set: they have no time.
  if (symbol === undefined || packet.byteLength < wanted) return null;
  const decimals = segment === SEGMENT_CDS
    ? 7
    : segment === SEGMENT_BCD
    ? 4
    : 2;
  const price = scaled(packet.getInt32(4), decimals);
  if (isIndex) {
    return tickLine({
      symbol,
      ts: packet.getUint32(28) * 1_000,
      price,
      volume: 0,
    });
  }
  const total = packet.getUint32(16);
  const before = volumes.get(token);
  volumes.set(token, total);
  // A new day begins at 0.
  const volume = before === undefined || total < before
    ? packet.getUint32(8)
    : total - before;
  return tickLine({
    symbol,
    ts: packet.getUint32(60) * 1_000,
    price,
    volume,
  });
}

function scaled(whole: number, decimals: number): string {
  const sign = whole < 0 ? "-" : "";
  const digits = String(Math.abs(whole)).padStart(decimals + 1, "0");
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
