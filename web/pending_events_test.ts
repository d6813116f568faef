import assert from "node:assert/strict";
import type { CandleView } from "../pipeline/domain/candle.ts";
import type { NumberedEvent } from "../pipeline/live/live_bus.ts";
import { idLine } from "./event_frame.ts";
import { News, PendingEvents } from "./pending_events.ts";

function candleEvent(
  n: number,
  kind: "candle" | "candle.closed",
  symbol = "A",
  t = 0,
): NumberedEvent {
  const candle = { t, n } as CandleView;
  const event = { kind, symbol, interval: "1m" as const, candle };
  return { n, event, atMs: n };
}

const news = (...events: readonly NumberedEvent[]) =>
  new News(events, idLine(String(events.at(-1)!.n)));

/** What a client is told, in short, such as `candle.closed 3 of B`. */
function told({ parts }: Pick<PendingEvents, "parts">): readonly string[] {
  const text = parts.map((part) => new TextDecoder().decode(part)).join("");
  return text.split("\n\n").filter((block) => block !== "").map((block) => {
    const field = (name: string) =>
      new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
    const [id, event] = [field("id"), field("event")];
    const { symbol, candle } = JSON.parse(field("data") ?? "{}");
    const what = event === undefined
      ? block
      : `${event} ${candle.n} of ${symbol}`;
    return id === undefined ? what : `${what}, id ${id}`;
  });
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("a slow client gets the newest update of each forming candle, once", () => {
  let waiting = PendingEvents.NONE;
  for (let n = 1; n <= 500; n++) {
    waiting = waiting.with(news(candleEvent(n, "candle")));
  }
  waiting = waiting.with(news(candleEvent(501, "candle", "B")));
  assert.equal(waiting.bytes, 0);
  assert.equal(waiting.oldest, 1);
  assert.deepEqual(told(waiting), [
    "candle 500 of A",
    "candle 501 of B, id 501",
  ]);
});

Deno.test("closed candles all stay, in order, and end the update that waits", () => {
  const waiting = PendingEvents.NONE
    .with(news(candleEvent(1, "candle"), candleEvent(2, "candle.closed")))
    .with(news(candleEvent(3, "candle.closed", "B")))
    .with(news(candleEvent(4, "candle", "A", 60_000)));
  assert.deepEqual(told(waiting), [
    "candle.closed 2 of A",
    "candle.closed 3 of B",
    "candle 4 of A, id 4",
  ]);
});

Deno.test("who has the same waiting shares what comes of it, others have their own", () => {
  const first = news(candleEvent(1, "candle.closed"));
  const second = news(candleEvent(2, "candle.closed"));
  const one = PendingEvents.NONE.with(first);
  const other = PendingEvents.NONE.with(first);
  assert.equal(one.with(second), other.with(second));
  assert.equal(one.with(second).parts, other.with(second).parts);
  assert.deepEqual(told(one), ["candle.closed 1 of A, id 1"]);
  assert.deepEqual(told(PendingEvents.NONE.with(second)), [
    "candle.closed 2 of A, id 2",
  ]);
  assert.deepEqual(told(other.with(second)), [
    "candle.closed 1 of A",
    "candle.closed 2 of A, id 2",
  ]);
  assert.deepEqual(PendingEvents.NONE.parts, []);
});

Deno.test("bytes that wait are counted, those that are free are not", () => {
  const free = PendingEvents.free([[new Uint8Array(1_000)]], idLine("7"));
  assert.equal(free.bytes, 0);
  const waiting = free.with(news(candleEvent(8, "candle.closed")));
  const length = waiting.parts.reduce((sum, part) => sum + part.length, 0);
  assert.equal(waiting.bytes, length - 1_000 - idLine("8").length);
});

Deno.test("what is gathered is the same, free, and shared in parts that are not long", () => {
  let waiting = PendingEvents.free([[bytes(": a\n\n")]], idLine("7"));
  for (let n = 1; n <= 2_000; n++) {
    waiting = waiting.with(news(candleEvent(n, "candle.closed")));
  }
  waiting = waiting.with(news(candleEvent(2_001, "candle", "B")));
  const { allowed, gathered } = waiting;
  assert.deepEqual([allowed.bytes, gathered.bytes], [0, 0]);
  assert.equal(waiting.allowed, allowed);
  assert.deepEqual(told(allowed), told(waiting));
  assert.deepEqual(told(gathered), told(waiting));
  assert.equal(told(gathered).at(-1), "candle 2001 of B, id 2001");
  const one = gathered.with(news(candleEvent(2_002, "candle.closed")));
  const other = gathered.with(news(candleEvent(2_002, "candle.closed")));
  assert.ok(one.parts.length > 2);
  assert.equal(one.parts[0], other.parts[0]);
  assert.ok(one.parts.every(({ length }) => length < 100_000));
});

Deno.test("a long frame goes in the pieces that it came in, its id before it", () => {
  const pieces = ["a", "b", "c"].map((letter) => bytes(letter.repeat(20_000)));
  const { parts } = PendingEvents.free(
    [[bytes("retry: 1\n\n")], pieces],
    idLine("7"),
  );
  assert.equal(new TextDecoder().decode(parts[0]), "retry: 1\n\nid: 7\n");
  assert.deepEqual(parts.slice(1), pieces);
  assert.equal(parts[1].buffer, pieces[0].buffer, "shared, not copied");
});

Deno.test("short frames around a long one are joined", () => {
  const long = bytes(`: ${"x".repeat(20_000)}\n\n`);
  const { parts } = PendingEvents.free(
    [[bytes(": a\n\n")], [bytes(": b\n\n")], [long]],
    idLine("7"),
  ).with(news(candleEvent(8, "candle.closed")));
  assert.equal(parts.length, 3);
  assert.equal(new TextDecoder().decode(parts[0]), ": a\n\n: b\n\n");
  assert.equal(parts[1], long);
  assert.deepEqual(told({ parts: [parts[2]] }), ["candle.closed 8 of A, id 8"]);
});

Deno.test("what is no event has no id", () => {
  assert.deepEqual(told(PendingEvents.comment(bytes(": beat\n\n"))), [
    ": beat",
  ]);
});
