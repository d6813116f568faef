import assert from "node:assert/strict";
import { binance } from "./binance.ts";
import { kite } from "./kite.ts";
import { kraken } from "./kraken.ts";
import { VenueError } from "./venue.ts";

Deno.test("binance() reads trades and aggregate trades, raw or combined", () => {
  const venue = binance(["ETHUSDT", "btcusdt@aggTrade"]);
  assert.deepEqual(venue.hello.map((text) => JSON.parse(text).params), [
    ["ethusdt@trade", "btcusdt@aggTrade"],
  ]);
  const trade = {
    e: "trade",
    E: 1723161255612,
    s: "ETHUSDT",
    t: 1520538925,
    p: "2683.80000000",
    q: "0.00200000",
    T: 1723161255611,
  };
  const line = '{"symbol":"ETHUSDT","ts":1723161255611,"price":2683.8,' +
    '"volume":0.002}';
  assert.deepEqual(venue.lines(JSON.stringify(trade)), [line]);
  assert.deepEqual(
    venue.lines(JSON.stringify({ stream: "ethusdt@trade", data: trade })),
    [line],
  );
  assert.deepEqual(
    venue.lines(
      JSON.stringify({ ...trade, e: "aggTrade", T: 1723161255611123 }),
    ),
    [line.replace("1723161255611", '"2024-08-08T23:54:15.611123Z"')],
    "times in microseconds",
  );
  assert.deepEqual(venue.lines('{"result":null,"id":1}'), []);
  assert.deepEqual(venue.lines('{"e":"depthUpdate","s":"ETHUSDT"}'), []);
  assert.throws(
    () => venue.lines('{"error":{"code":2,"msg":"Invalid request"}}'),
    /Binance refuses: .*Invalid request/,
  );
  assert.deepEqual(binance([]).hello, [], "the URL names the streams");
});

Deno.test("binance() lets what is no tick through, to be rejected and kept", () => {
  const [line] = binance([]).lines(
    '{"e":"trade","s":"A\\"B","T":"soon","p":"x","q":null}',
  );
  assert.deepEqual(JSON.parse(line), {
    symbol: 'A"B',
    ts: "soon",
    price: "x",
    volume: null,
  });
  assert.deepEqual(binance([]).lines('{"e":\n"trade"'), ['{"e": "trade"']);
  assert.throws(() => kraken([]).lines(new Uint8Array(2)), VenueError);
});

Deno.test("kraken() reads every trade of a message and no snapshot", () => {
  const venue = kraken(["BTC/USD"]);
  assert.deepEqual(JSON.parse(venue.hello[0]).params, {
    channel: "trade",
    symbol: ["BTC/USD"],
    snapshot: false,
  });
  const trade = (price: number, timestamp: string) => ({
    symbol: "BTC/USD",
    side: "buy",
    price,
    qty: 0.0012,
    ord_type: "limit",
    trade_id: 1,
    timestamp,
  });
  assert.deepEqual(
    venue.lines(JSON.stringify({
      channel: "trade",
      type: "update",
      data: [
        trade(104_321.5, "2025-11-10T12:00:00.123456Z"),
        trade(104_321, "2025-11-10T12:00:00.123457Z"),
      ],
    })),
    [
      '{"symbol":"BTC/USD","ts":"2025-11-10T12:00:00.123456Z",' +
      '"price":104321.5,"volume":0.0012}',
      '{"symbol":"BTC/USD","ts":"2025-11-10T12:00:00.123457Z",' +
      '"price":104321,"volume":0.0012}',
    ],
  );
  assert.deepEqual(venue.lines('{"channel":"heartbeat"}'), []);
  assert.deepEqual(venue.lines('{"method":"subscribe","success":true}'), []);
  assert.throws(
    () =>
      venue.lines('{"success":false,"error":"Currency pair not supported"}'),
    (error) =>
      error instanceof VenueError && /not supported/.test(error.message),
  );
});

/** Packets as Kite's documentation lays them out, made up. */
function kiteMessage(...packets: readonly Uint8Array[]): Uint8Array {
  const bytes = [packets.length >> 8, packets.length & 255];
  for (const packet of packets) {
    bytes.push(packet.length >> 8, packet.length & 255, ...packet);
  }
  return Uint8Array.from(bytes);
}

function packet(length: number, fields: Readonly<Record<number, number>>) {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of Object.entries(fields)) {
    view.setInt32(Number(at), value);
  }
  return bytes;
}

const NIFTY = 256265;
const RELIANCE = 738561;
const USDINR = 0x0012ab03;
const SECONDS = 1_700_000_000;

Deno.test("kite() reads full packets, in the decimals of their segments", () => {
  const venue = kite([
    `${NIFTY}:NIFTY50`,
    `${RELIANCE}:RELIANCE`,
    `${USDINR}:USDINR`,
  ]);
  const share = (volume: number, price: number) =>
    packet(184, {
      0: RELIANCE,
      4: price,
      8: 7,
      16: volume,
      60: SECONDS,
    });
  const lines = (message: Uint8Array) =>
    venue.lines(message).map((line) => JSON.parse(line));
  const ts = SECONDS * 1_000;
  assert.deepEqual(
    lines(kiteMessage(
      packet(32, { 0: NIFTY, 4: 1_948_165, 28: SECONDS }),
      share(1_000, 234_550),
      packet(184, { 0: USDINR, 4: 832_575_000, 8: 1, 16: 50, 60: SECONDS }),
    )),
    [
      { symbol: "NIFTY50", ts, price: 19_481.65, volume: 0 },
      { symbol: "RELIANCE", ts, price: 2_345.5, volume: 7 },
      { symbol: "USDINR", ts, price: 83.2575, volume: 1 },
    ],
  );
  assert.deepEqual(
    lines(kiteMessage(share(1_025, 234_600), share(30, 234_700)))
      .map(({ volume }) => volume),
    [25, 7],
    "the day's volume grows, and begins anew",
  );
});

Deno.test("kite() passes over what has no time, and refuses what is cut off", () => {
  const venue = kite([`${RELIANCE}:RELIANCE`]);
  assert.deepEqual(venue.lines(new Uint8Array([0])), [], "a heartbeat");
  assert.deepEqual(venue.lines(kiteMessage(packet(8, { 0: RELIANCE }))), []);
  assert.deepEqual(
    venue.lines(kiteMessage(packet(184, { 0: 1, 4: 100 }))),
    [],
    "nobody asked for it",
  );
  const whole = kiteMessage(packet(184, { 0: RELIANCE, 4: 100 }));
  assert.throws(
    () => venue.lines(whole.subarray(0, 100)),
    /ends in its midst, after 100 bytes/,
  );
  assert.throws(
    () => venue.lines('{"type":"error","data":"Incorrect token"}'),
    /Kite refuses: Incorrect token/,
  );
  assert.throws(() => kite(["NIFTY50"]), /token:SYMBOL, got "NIFTY50"/);
});
