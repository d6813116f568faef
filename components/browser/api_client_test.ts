import assert from "node:assert/strict";
import { apiUrl, askApi } from "./api_client.ts";

Deno.test("apiUrl() writes what is given, lists with commas", () => {
  assert.equal(apiUrl("/api/instruments", {}), "/api/instruments?");
  assert.equal(
    apiUrl("/api/candles", {
      symbol: "EUR/USD",
      from: 1_764_042_300_000,
      to: undefined,
      limit: 2,
    }),
    "/api/candles?symbol=EUR%2FUSD&from=1764042300000&limit=2",
  );
  assert.equal(
    apiUrl("/api/stream", { symbols: ["A", "B"], interval: ["1m", "5m"] }),
    "/api/stream?symbols=A%2CB&interval=1m%2C5m",
  );
});

Deno.test("what the schemas do not know does not compile", () => {
  // @ts-expect-error no such path
  apiUrl("/api/nothing", {});
  // @ts-expect-error a symbol must be given
  apiUrl("/api/candles", {});
  // @ts-expect-error no such interval
  apiUrl("/api/candles", { symbol: "A", interval: "7m" });
  // @ts-expect-error a misspelt parameter
  apiUrl("/api/candles", { symbol: "A", form: 1 });
  // @ts-expect-error an answer has no such member
  const wrong = () => askApi("/api/instruments", {}).then((a) => a.symbols);
  assert.equal(typeof wrong, "function");
});
