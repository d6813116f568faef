import assert from "node:assert/strict";
import {
  FeedRefusedError,
  FeedUnreachableError,
  runFeedClient,
  type TickSource,
} from "../../pipeline/feeds/feed_client.ts";
import { connectTcp } from "../../pipeline/feeds/tcp_connection.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { FakeListener, type FakeListenerOptions } from "./fake_listener.ts";

const TOTAL = 20_000;

/** Ticks 1 to `total`, whose price is their number. */
function numberedTicks(total: number): TickSource {
  return {
    async *from(first, { max, signal }) {
      for (let seq = first; seq <= total && !signal.aborted;) {
        const count = Math.min(max, total - seq + 1);
        let text = "";
        for (let i = 0; i < count; i++, seq++) {
          text += `{"symbol":"A","ts":${seq},"price":${seq},"seq":${seq}}\n`;
        }
        yield await Promise.resolve({
          bytes: new TextEncoder().encode(text),
          count,
        });
      }
    },
  };
}

async function feed(options: FakeListenerOptions, total = TOTAL) {
  const listener = new FakeListener(options);
  try {
    const summary = await runFeedClient({
      hello: { feed: "test" },
      connect: (signal) =>
        connectTcp({ hostname: "127.0.0.1", port: listener.port }, signal),
      source: () => numberedTicks(total),
      clock: systemClock,
      random: () => 0,
      giveUpAfterMs: 120_000,
    });
    return { listener, summary };
  } finally {
    listener.close();
  }
}

function assertAll(listener: FakeListener, total = TOTAL): void {
  assert.equal(listener.ticks.length, total);
  listener.ticks.forEach((tick, i) => {
    assert.equal(tick.seq, i + 1);
    assert.equal(tick.price, i + 1);
  });
}

Deno.test("runFeedClient() sends each tick once and proves the end", async () => {
  const { listener, summary } = await feed({});
  assertAll(listener);
  assert.deepEqual(listener.ends, [TOTAL]);
  assert.equal(summary.complete, true);
  assert.equal(summary.acked, TOTAL);
  assert.equal(summary.sent, TOTAL);
  assert.equal(summary.reconnects, 0);
});

Deno.test("runFeedClient() resumes after the ack when it is cut off", async () => {
  const { listener, summary } = await feed({
    cutAfter: [1, 700, 2_500, 3_000, 0],
    ackDelayMs: 5,
  });
  assertAll(listener);
  assert.equal(summary.reconnects, 5);
  assert(summary.sent > TOTAL, "what was not acked was sent again");
});

Deno.test("runFeedClient() keeps within the window while acks are late", async () => {
  const { listener, summary } = await feed(
    { window: 2_000, ackDelayMs: 20 },
    500,
  );
  assertAll(listener, 500);
  const { uncommittedMax } = listener;
  assert(uncommittedMax > 1_000 && uncommittedMax <= 2_000);
  assert.equal(summary.complete, true);
});

Deno.test("runFeedClient() goes back to where a resend asks", async () => {
  const lose = [1, 2, 100, 101, 5_000, TOTAL];
  const { listener, summary } = await feed({ lose });
  assertAll(listener);
  assert.equal(summary.resends, lose.length);
});

Deno.test("runFeedClient() counts nacks once, though ticks come twice", async () => {
  const { listener, summary } = await feed({
    reject: [3, 600, 601],
    cutAfter: [650, 650],
    ackDelayMs: 50,
  });
  assertAll(listener);
  assert.equal(summary.rejected, 3);
  assert.deepEqual(summary.nacked, { bad: 3 });
});

Deno.test("runFeedClient() sends nothing that was acked before", async () => {
  const { listener, summary } = await feed({
    known: { epoch: 7, acked: TOTAL },
  });
  assert.equal(summary.sent, 0);
  assert.equal(summary.epoch, 7);
  assert.equal(summary.complete, true);
  assert.deepEqual(listener.ends, [TOTAL]);
});

Deno.test("runFeedClient() takes a refusal as final", async () => {
  const refuse = { code: "content", reason: "the warehouse holds real ticks" };
  await assert.rejects(
    feed({ refuse }),
    (error) => error instanceof FeedRefusedError && error.code === "content",
  );
});

Deno.test("runFeedClient() gives up where nobody listens", async () => {
  const listener = new FakeListener();
  const { port } = listener;
  listener.close();
  await assert.rejects(
    runFeedClient({
      hello: { feed: "test" },
      connect: (signal) => connectTcp({ hostname: "127.0.0.1", port }, signal),
      source: () => numberedTicks(1),
      clock: systemClock,
      giveUpAfterMs: 200,
    }),
    FeedUnreachableError,
  );
});

Deno.test("runFeedClient() stops when told, and says what was acked", async () => {
  const listener = new FakeListener({ window: 4_000, ackDelayMs: 10 });
  const stop = new AbortController();
  try {
    const summary = await runFeedClient({
      hello: { feed: "test" },
      connect: (signal) =>
        connectTcp({ hostname: "127.0.0.1", port: listener.port }, signal),
      source: () => numberedTicks(1_000_000),
      clock: systemClock,
      signal: stop.signal,
      onProgress: ({ acked }) => {
        if (acked > 500) stop.abort();
      },
    });
    assert.equal(summary.complete, false);
    assert(summary.acked > 500 && summary.acked < 10_000);
  } finally {
    listener.close();
  }
});
