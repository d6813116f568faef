import assert from "node:assert/strict";
import type { CandleView } from "../pipeline/domain/candle.ts";
import { epochMicros } from "../pipeline/domain/time.ts";
import type { NumberedEvent } from "../pipeline/live/live_bus.ts";
import { ClientQueue } from "./client_queue.ts";

function candleEvent(
  n: number,
  kind: "candle" | "candle.closed",
  symbol = "A",
  t = 0,
): NumberedEvent {
  const candle = { t, n } as CandleView;
  const event = { kind, symbol, interval: "1m" as const, candle };
  return { n, event, at: epochMicros(n) };
}

function queue(bytesMax: number) {
  return new ClientQueue(
    bytesMax,
    ({ n, event }) => new TextEncoder().encode(`${event.kind}${n};`),
    () => new TextEncoder().encode("id="),
  );
}

const text = (parts: readonly Uint8Array[] | null) =>
  parts?.map((part) => new TextDecoder().decode(part)).join("") ?? null;

Deno.test("a slow client gets the newest update of each forming candle, once", () => {
  const waiting = queue(1_000);
  for (let n = 1; n <= 500; n++) waiting.push(candleEvent(n, "candle"));
  waiting.push(candleEvent(501, "candle", "B"));
  assert.equal(waiting.overflown, false);
  assert.equal(text(waiting.take()), "candle500;id=candle501;");
  assert.equal(waiting.take(), null);
});

Deno.test("closed candles all stay, in order, and end the update that waits", () => {
  const waiting = queue(1_000);
  waiting.push(candleEvent(1, "candle"));
  waiting.push(candleEvent(2, "candle.closed"));
  waiting.push(candleEvent(3, "candle.closed", "B"));
  waiting.push(candleEvent(4, "candle", "A", 60_000));
  assert.equal(
    text(waiting.take()),
    "candle.closed2;candle.closed3;id=candle4;",
  );
});

Deno.test("a long frame goes in the pieces that it came in, its id before it", () => {
  const waiting = queue(1_000);
  const pieces = ["a", "b", "c"].map((letter) =>
    new TextEncoder().encode(letter.repeat(20_000))
  );
  waiting.push(candleEvent(1, "candle.closed"));
  waiting.pushFree(...pieces);
  assert.equal(waiting.overflown, false);
  const parts = waiting.take()!;
  assert.equal(text(parts.slice(0, 1)), "candle.closed1;id=");
  assert.deepEqual(parts.slice(1), pieces);
  assert.equal(parts[1].buffer, pieces[0].buffer, "shared, not copied");
});

Deno.test("more bytes than allowed overflow, the snapshot's aside", () => {
  const waiting = queue(40);
  waiting.pushFree(new Uint8Array(1_000));
  assert.equal(waiting.overflown, false);
  for (let n = 1; n <= 3; n++) waiting.push(candleEvent(n, "candle.closed"));
  assert.equal(waiting.overflown, true);
  assert.equal(text(waiting.take())!.length, 1_048);
  assert.equal(waiting.bytes, 0);
});

Deno.test("a long frame is handed on as it is, short ones around it are joined", () => {
  const waiting = queue(1_000);
  const snapshot = new Uint8Array(20_000);
  waiting.pushFrame(new TextEncoder().encode("a;"));
  waiting.pushFrame(new TextEncoder().encode("b;"));
  waiting.pushFrame(snapshot);
  waiting.pushFrame(new TextEncoder().encode("c;"));
  const parts = waiting.take()!;
  assert.equal(parts.length, 3);
  assert.equal(parts[1], snapshot);
  assert.equal(text([parts[0], parts[2]]), "a;b;c;");
});

Deno.test("the last event has the id of all before it, what is no event has none", () => {
  const waiting = queue(1_000);
  waiting.pushFrame(new TextEncoder().encode("beat;"));
  assert.equal(text(waiting.take()), "beat;");
  waiting.pushFree(new TextEncoder().encode("retry;"));
  waiting.pushFree(new TextEncoder().encode("snapshot;"));
  assert.equal(text(waiting.take()), "retry;id=snapshot;");
});
