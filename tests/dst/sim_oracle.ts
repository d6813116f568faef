import assert from "node:assert/strict";
import { mergeFolds } from "../../pipeline/domain/candle.ts";
import {
  type FeedKey,
  feedKeyText,
  feedOrder,
} from "../../pipeline/domain/entry.ts";
import { ROLLUPS } from "../../pipeline/domain/interval.ts";
import { MICROS_PER_MINUTE } from "../../pipeline/domain/time.ts";
import type { SimFeed, SimLine } from "./sim_lines.ts";
import type { SimWarehouse } from "./sim_store.ts";

/** All prices are compared in counts of 10^-4. */
const SCALE = 4;

/**
 * An ack says that a source may forget: of every line up to it, the warehouse
 * must have the number now, or the line is lost with the next disk.
 */
export function checkAck(
  warehouse: SimWarehouse,
  { key, lines }: SimFeed,
  seq: number,
): void {
  const { map } = warehouse;
  const committed = Array.from(
    { length: map.partitions },
    (_, p) => warehouse.committedSeq(p, key),
  );
  for (let i = Math.min(...committed); i < seq; i++) {
    const line = lines[i];
    assert.ok(
      line.seq <= committed[map.of(line.home)],
      `${key.feed} is acked to ${seq}, and its line ${line.seq} of ` +
        `${line.home} is not in the warehouse`,
    );
  }
}

/**
 * Nothing may be forgotten that the warehouse does not have; but what came to a
 * stream after its partition was divided is not in the warehouse, nor acked.
 */
export function checkForgotten(
  warehouse: SimWarehouse,
  stream: string,
  entry: { readonly key: FeedKey; readonly lastSeq: number },
): void {
  const [p, tag = ""] = stream.split("/");
  if (tag !== warehouse.tag) return;
  const committed = warehouse.committedSeq(Number(p), entry.key);
  assert.ok(
    entry.lastSeq <= committed,
    `stream ${stream} forgets ${entry.key.feed} up to ${entry.lastSeq}, which ` +
      `the warehouse has up to ${committed}`,
  );
}

/**
 * Every line that was sent is in a candle or in quarantine, once; candles are
 * what a plain group-by gives; and the books add up.
 */
export function checkEnd(
  warehouse: SimWarehouse,
  feeds: readonly SimFeed[],
): void {
  const refused = quarantined(warehouse);
  const accepted = feeds.map((feed) => ({
    feed,
    lines: feed.lines.filter((line) => {
      const inQuarantine = refused.has(`${feed.key.feed} ${line.seq}`);
      assert.ok(
        line.good || inQuarantine,
        `${feed.key.feed} ${line.seq} is bad, and not in quarantine`,
      );
      return !inQuarantine;
    }),
  }));
  checkCandles(warehouse, accepted);
  checkLonger(warehouse);
  checkBooks(warehouse, accepted);
}

/** Lines in quarantine, as `feed seq`: each at most once. */
function quarantined(warehouse: SimWarehouse): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { key, reject } of warehouse.quarantine.values()) {
    const line = `${key.feed} ${reject.seq}`;
    assert.ok(!found.has(line), `${line} is in quarantine twice`);
    found.add(line);
  }
  return found;
}

interface Accepted {
  readonly feed: SimFeed;
  readonly lines: readonly SimLine[];
}

function checkCandles(
  warehouse: SimWarehouse,
  accepted: readonly Accepted[],
): void {
  const expected: Record<string, unknown> = {};
  for (const [name, ticks] of byMinute(accepted)) {
    ticks.sort((a, b) => a.ts - b.ts || a.order - b.order || a.seq - b.seq);
    const prices = ticks.map(({ price }) => price);
    expected[name] = {
      n: ticks.length,
      open: prices[0],
      high: Math.max(...prices),
      low: Math.min(...prices),
      close: prices.at(-1),
      volume: ticks.reduce((sum, { size }) => sum + size, 0),
    };
  }
  const found: Record<string, unknown> = {};
  for (const { interval, fold } of warehouse.rows.values()) {
    if (interval !== "1m") continue;
    const at = (price: number) => price * 10 ** (SCALE - fold.priceScale);
    found[`${fold.symbol} ${fold.t}`] = {
      n: fold.n,
      open: at(fold.open),
      high: at(fold.high),
      low: at(fold.low),
      close: at(fold.close),
      volume: fold.volume,
    };
  }
  const names = new Set([...Object.keys(expected), ...Object.keys(found)]);
  for (const name of [...names].sort()) {
    assert.deepEqual(found[name], expected[name], `candle ${name}`);
  }
}

/** Whether longer candles have all that their minutes have. */
export function isRolledUp(warehouse: SimWarehouse): boolean {
  try {
    checkLonger(warehouse);
    return true;
  } catch {
    return false;
  }
}

/** Each longer candle is there, and is the merge of its shorter ones. */
function checkLonger(warehouse: SimWarehouse): void {
  const rows = [...warehouse.rows.values()];
  for (const { interval, source } of ROLLUPS) {
    const parts = rows.filter((row) => row.interval === source);
    const longer = rows.filter((row) => row.interval === interval);
    const sum = (some: typeof rows) =>
      some.reduce((n, { fold }) => n + fold.n, 0);
    assert.equal(sum(longer), sum(parts), `ticks in candles of ${interval}`);
    for (const { fold, end } of longer) {
      const { t, symbol } = fold;
      const merged = parts.map((part) => part.fold)
        .filter((part) => part.symbol === symbol && t <= part.t && part.t < end)
        .map((part) => ({ ...part, t })).reduce(mergeFolds);
      assert.deepEqual(fold, merged, `${interval} ${symbol} ${t}`);
    }
  }
}

function byMinute(accepted: readonly Accepted[]) {
  const minutes = new Map<
    string,
    { ts: number; order: number; seq: number; price: number; size: number }[]
  >();
  for (const { feed, lines } of accepted) {
    const order = feedOrder(feed.key);
    for (const { symbol, ts, seq, size, ...line } of lines) {
      const minute = Math.floor(ts / MICROS_PER_MINUTE) * MICROS_PER_MINUTE;
      const name = `${symbol} ${minute}`;
      const price = line.price * 10 ** (SCALE - line.priceScale);
      const ticks = minutes.get(name);
      const tick = { ts, order, seq, price, size };
      if (ticks) ticks.push(tick);
      else minutes.set(name, [tick]);
    }
  }
  return minutes;
}

function checkBooks(
  warehouse: SimWarehouse,
  accepted: readonly Accepted[],
): void {
  let inCandles = 0;
  for (const { interval, fold } of warehouse.rows.values()) {
    if (interval === "1m") inCandles += fold.n;
  }
  let applied = 0;
  for (let p = 0; p < warehouse.partitions; p++) {
    applied += warehouse.appliedOf(p);
  }
  assert.equal(applied, inCandles, "ticks by commits, and in candles");
  for (const { feed: { key, lines: sent }, lines } of accepted) {
    const sum = { accepted: 0, rejected: 0 };
    for (let p = 0; p < warehouse.partitions; p++) {
      const totals = warehouse.committedOf(p).feeds.get(feedKeyText(key));
      if (!totals) continue;
      sum.accepted += totals.accepted;
      sum.rejected += totals.rejected;
      assert.equal(
        totals.received,
        totals.accepted + totals.duplicates + totals.rejected,
        `received lines of ${key.feed} in partition ${p}`,
      );
    }
    assert.deepEqual(sum, {
      accepted: lines.length,
      rejected: sent.length - lines.length,
    }, `books of ${key.feed}`);
  }
}
