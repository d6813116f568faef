import assert from "node:assert/strict";
import { parseFeedEndpoint } from "./feed_endpoint.ts";

Deno.test("parseFeedEndpoint() reads venues; what is ours is not sent to them", () => {
  assert.deepEqual(
    parseFeedEndpoint(
      "wss://ws.kraken.com/v2#venue=kraken&symbols=BTC/USD;ETH/USD",
    ),
    {
      mode: "websocket",
      host: "ws.kraken.com",
      port: 443,
      url: "wss://ws.kraken.com/v2",
      venue: "kraken",
      symbols: ["BTC/USD", "ETH/USD"],
    },
  );
  assert.deepEqual(
    parseFeedEndpoint(
      "ws://[::1]:8080/stream?streams=ethusdt@trade#venue=binance",
    ),
    {
      mode: "websocket",
      host: "::1",
      port: 8080,
      url: "ws://[::1]:8080/stream?streams=ethusdt@trade",
      venue: "binance",
      symbols: [],
    },
  );
});

Deno.test("parseFeedEndpoint() takes nothing that it does not understand", () => {
  for (
    const text of [
      "",
      "tcp://host:0",
      "listen://host:70000",
      "udp://host:1",
      "wss://ws.kraken.com/v2",
      "wss://ws.kraken.com/v2#venue=nobody&symbols=BTC/USD",
      "wss://ws.kraken.com/v2#venue=kraken&symbol=BTC/USD",
      "wss://#venue=kraken",
      "wss://ws.kraken.com/v2#venue=kraken",
      "wss://ws.kite.trade#venue=kite&symbols=NIFTY50",
    ]
  ) assert.equal(parseFeedEndpoint(text), null, text);
});
