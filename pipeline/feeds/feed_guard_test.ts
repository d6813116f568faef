import assert from "node:assert/strict";
import { FeedGuard, parseFeedRules } from "./feed_guard.ts";

const TOKEN = "0123456789abcdef";
const OTHER = "fedcba9876543210";

const parse = (value: unknown) =>
  parseFeedRules(
    typeof value === "string" ? value : JSON.stringify(value),
    "feeds.json",
  );

Deno.test("FeedGuard without tokens lets everybody do everything", () => {
  const guard = new FeedGuard();
  assert.equal(guard.asks, false);
  assert.ok(guard.admit("any", undefined)!.allows("ANY"));
});

Deno.test("FeedGuard knows each feed by its own token, others by the common one", () => {
  const guard = new FeedGuard(OTHER, parse({ nse: { token: TOKEN } }));
  const admits = (feed: string, token?: string) =>
    guard.admit(feed, token) !== null;
  assert.ok(guard.asks);
  assert.ok(admits("nse", TOKEN));
  assert.ok(admits("else", OTHER));
  for (const token of [undefined, "", OTHER, `${TOKEN} `, TOKEN.slice(1)]) {
    assert.ok(!admits("nse", token), token);
  }
  assert.ok(!admits("else", TOKEN));
  assert.ok(!admits("__proto__", "no such feed"));

  const closed = new FeedGuard(null, parse({ nse: { token: TOKEN } }));
  for (const token of [undefined, "", TOKEN, "no such feed"]) {
    assert.equal(closed.admit("else", token), null, token);
  }
});

Deno.test("FeedGuard gives a feed its symbols and no others", () => {
  const guard = new FeedGuard(
    null,
    parse({
      nse: {
        token: TOKEN,
        symbols: ["NIFTY50", "BANK*"],
        lines_per_second: 500,
      },
    }),
  );
  const grant = guard.admit("nse", TOKEN)!;
  assert.equal(grant.linesPerSecond, 500);
  const symbols = ["NIFTY50", "BANKNIFTY", "BANK"];
  assert.deepEqual(symbols.filter(grant.allows), symbols);
  const foreign = ["NIFTY500", "NIFTY", "nifty50", "XBANK", "BTCUSD"];
  assert.deepEqual(foreign.filter(grant.allows), []);
});

Deno.test("parseFeedRules() says what is wrong, and no secret", () => {
  const cases: readonly [unknown, RegExp][] = [
    ["{", /must be JSON$/],
    [[], /the file: /],
    [{ nse: {} }, /nse\.token: must be a text/],
    [{ nse: { token: "short-secret" } }, /nse\.token: must have 16/],
    [{ nse: { token: TOKEN, symbols: [] } }, /nse\.symbols: must name/],
    [{ nse: { token: TOKEN, symbols: ["a b"] } }, /nse\.symbols\.0: must be/],
    [{ nse: { token: TOKEN, lines_per_second: 0 } }, /lines_per_second/],
    [{ nse: { token: TOKEN, more: 1 } }, /nse: /],
    [{ "a b": { token: TOKEN } }, /a b: /],
  ];
  for (const [value, words] of cases) {
    assert.throws(() => parse(value), (error: Error) => {
      assert.match(error.message, /^Cannot (use|read) feeds\.json as it must/);
      assert.match(error.message, words);
      assert.ok(!/short-secret|0123456789abcdef/.test(error.message));
      return true;
    });
  }
});
