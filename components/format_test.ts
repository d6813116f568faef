import assert from "node:assert/strict";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import type { ModelView } from "./api_views.ts";
import { agedFeed } from "./describe_feed.ts";
import { describeModel } from "./describe_model.ts";
import {
  describeHitRate,
  describeSkill,
  recordOf,
  recordsOf,
} from "./describe_skill.ts";
import { changeBasis, changeTo, formatChange } from "./format_change.ts";
import { formatCount, formatPrice, formatSigned } from "./format_price.ts";
import { formatAge, formatClock, formatMoment } from "./format_time.ts";

Deno.test("prices have the instrument's decimals and groups of three", () => {
  assert.equal(formatPrice(24321.5, 2), "24,321.50");
  assert.equal(formatPrice(1234567, 0), "1,234,567");
  assert.equal(formatPrice(83.4525, 4), "83.4525");
  assert.equal(formatPrice(1234.56789, 5), "1,234.56789");
  assert.equal(formatPrice(-5, 1), "−5.0");
  assert.equal(formatPrice(-0.001, 2), "0.00");
  assert.equal(formatPrice(NaN, 2), "–");
});

Deno.test("changes have a sign, zero has none", () => {
  assert.equal(formatSigned(3, 1), "+3.0");
  assert.equal(formatSigned(-3, 1), "−3.0");
  assert.equal(formatSigned(0.001, 2), "0.00");
  const change = {
    abs: 2,
    pct: 2,
    reference: 100,
    basis: "since",
    since: 0,
  } as const;
  assert.equal(formatChange(change, 2), "+2.00 (+2.00 %)");
  assert.equal(changeTo(99, change).pct.toFixed(6), "-1.000000");
  assert.equal(changeBasis(change, 6 * 3_600_000), "in 6 h");
});

Deno.test("counts get short past ten thousand", () => {
  assert.deepEqual(
    [0, 9_999, 12_345, 164_000, 2_000_000, 0.25].map(formatCount),
    ["0", "9,999", "12.3K", "164K", "2M", "0.25"],
  );
});

Deno.test("times are in the exchange's zone", () => {
  const t = Date.UTC(2025, 10, 25, 4, 5);
  assert.equal(formatClock(t, "Asia/Kolkata"), "09:35");
  assert.equal(formatClock(t, "UTC"), "04:05");
  assert.equal(formatMoment(t, "UTC"), "25 Nov, 04:05");
});

Deno.test("ages are told in the unit that fits", () => {
  assert.deepEqual(
    [-5, 900, 99_000, 100_000, 7_200_000, 4e8].map(formatAge),
    ["0 s", "0 s", "99 s", "1 min", "2 h", "4 d"],
  );
});

Deno.test("models are told in words", () => {
  assert.match(describeModel("random-walk", [0, 1, 0]), /the last one/);
  assert.match(
    describeModel("arima(2,1,1)", [2, 1, 1]),
    /^ARIMA\(2,1,1\).*the last 2 moves and the last surprise/,
  );
});

const MODEL: ModelView = {
  symbol: "A",
  interval: "1m",
  model: "m",
  order: [1, 1, 0],
  source: "live",
  n: 240,
  from: 0,
  through: 0,
  mae: 1.012,
  mae_naive: 1,
  mase: 1.1,
  skill: -0.012,
  coverage50: 0.5,
  coverage80: 0.8,
  coverage95: 0.95,
  winkler95: 5,
  crps: 0.7,
  brier: 0.25,
  direction: { hits: 118, n: 236, rate: 0.5, low: 0.4367, high: 0.5633 },
  diebold_mariano: { statistic: 1.1, p: 0.27 },
  verdict: "no skill",
  suspicious: null,
  champion: true,
  trained_through: 0,
  failure: null,
};

Deno.test("no skill is said plainly, few scores are not called skill", () => {
  const none = describeSkill(MODEL);
  assert.equal(none.title, "No skill");
  assert.equal(
    none.detail,
    "Over the last 240 live forecasts the model was no better than “no " +
      "change”: its errors were 1.2 % larger, which is chance (p = 0.27).",
  );
  const worse = describeSkill({
    ...MODEL,
    verdict: "worse than naive",
    diebold_mariano: { statistic: 3, p: 0.003 },
  });
  assert.equal(worse.title, "No skill");
  assert.match(worse.detail, /worse than “no change”: .*\(p = 0\.003\)/);
  const few = describeSkill({
    ...MODEL,
    skill: 0.04,
    n: 5,
    verdict: "too few",
  });
  assert.equal(few.title, "Too few to tell");
  const walked = { ...MODEL, skill: -0.0001, source: "walk_forward" } as const;
  assert.match(
    describeSkill(walked).detail,
    /240 forecasts of a walk forward over stored candles .* were as large\.$/,
  );
  assert.equal(describeSkill(undefined).verdict, "unknown");
  assert.match(describeHitRate(MODEL)!, /^50 % of 236 .*no better than a coin/);
});

Deno.test("skill is told with its chance, and the luck of the best of several", () => {
  const skilled: ModelView = {
    ...MODEL,
    skill: 0.04,
    source: "walk_forward",
    diebold_mariano: { statistic: -4, p: 0.00004 },
    verdict: "skill",
  };
  const words = describeSkill(skilled, [MODEL, MODEL]);
  assert.equal(words.title, "Skill 4.0 %");
  assert.match(words.detail, /4\.0 % smaller .* \(p < 0\.001\)\. .*best of 3/);
});

Deno.test("“no change” is told as what it is, and a leak as what it looks like", () => {
  const walk: ModelView = { ...MODEL, model: "random-walk", skill: 0 };
  assert.match(
    describeSkill(walk, [MODEL]).detail,
    /^“No change” itself .* 240 live forecasts none of the other models/,
  );
  assert.equal(
    describeSkill(walk, [{ ...MODEL, skill: 0.01 }]).detail,
    "“No change” itself is the forecast.",
  );
  const leak = describeSkill({
    ...MODEL,
    verdict: "suspicious",
    suspicious: "Its errors are 99 % smaller",
  });
  assert.equal(leak.verdict, "suspicious");
  assert.match(leak.detail, /^Its errors are 99 % smaller\. It is not shown/);
});

Deno.test("recordOf() tells of live forecasts once they are enough", () => {
  const record = (source: "live" | "walk_forward", n: number): ModelView => ({
    ...MODEL,
    n,
    skill: 0,
    source,
  });
  const walk = record("walk_forward", 120);
  assert.equal(recordOf([record("live", 5), walk], "m"), walk);
  assert.equal(recordOf([record("live", 59), walk], "m"), walk);
  assert.equal(recordOf([walk, record("live", 60)], "m")?.source, "live");
  assert.equal(recordOf([walk], "other"), undefined);
  const other = { ...walk, model: "best", skill: 0.2 };
  assert.deepEqual(recordsOf([walk, record("live", 5), other]), [other, walk]);
});

Deno.test("a page that hears nothing does not go on saying live", () => {
  const feed: FeedState = {
    symbol: "A",
    status: "live",
    feed: "f",
    delivery: "acked",
    last_tick: 0,
    lag_ms: 0,
    session: "open",
  };
  const status = (now: number, link: "connected" | "offline") =>
    agedFeed(feed, now, link).status;
  assert.equal(status(19_000, "connected"), "live");
  assert.equal(status(21_000, "connected"), "quiet");
  assert.equal(status(4_000, "offline"), "live");
  assert.equal(status(6_000, "offline"), "quiet");
  assert.equal(status(121_000, "offline"), "stale");
});
