import assert from "node:assert/strict";
import { FeedGuard, parseFeedRules } from "./feed_guard.ts";
import { type ByteConnection, runConnection } from "./run_connection.ts";
import { tick, ticks } from "./testing/fake_source.ts";
import { FeedWorld } from "./testing/feed_world.ts";
import { LossyBuffer } from "./testing/lossy_buffer.ts";
import { turns } from "../testing/manual_clock.ts";
import { silentLog } from "../silent_log.ts";

/** Both ends of a connection in memory; the test is the source. */
class Wire implements ByteConnection {
  closed = false;
  #incoming: Uint8Array[] = [];
  #ended = false;
  #waiter: (() => void) | null = null;
  #text = "";

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#incoming.length === 0) {
      if (this.closed) throw new Error("closed");
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#waiter = resolve);
    }
    const chunk = this.#incoming.shift()!;
    into.set(chunk.subarray(0, into.length));
    if (chunk.length > into.length) {
      this.#incoming.unshift(chunk.subarray(into.length));
    }
    return Math.min(chunk.length, into.length);
  }

  write(bytes: Uint8Array): Promise<number> {
    this.#text += new TextDecoder().decode(bytes);
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.closed = true;
    this.#waiter?.();
  }

  send(...lines: (string | Record<string, unknown>)[]): void {
    this.raw(
      lines.map((line) =>
        `${typeof line === "string" ? line : JSON.stringify(line)}\n`
      ).join(""),
    );
  }

  raw(text: string): void {
    this.#incoming.push(new TextEncoder().encode(text));
    this.#waiter?.();
  }

  end(): void {
    this.#ended = true;
    this.#waiter?.();
  }

  /** Sent, and not read: what the network would hold back. */
  get unread(): number {
    return this.#incoming.reduce((sum, { length }) => sum + length, 0);
  }

  get heard(): Record<string, unknown>[] {
    return this.#text.split("\n").filter(Boolean).map((line) =>
      JSON.parse(line)
    );
  }

  heardTypes(): unknown[] {
    return this.heard.map(({ type }) => type);
  }
}

function connect(
  world: FeedWorld,
  abort = new AbortController(),
  guard?: FeedGuard,
) {
  const wire = new Wire();
  const done = runConnection(wire, {
    ingest: world.ingest,
    format: "ndjson",
    plainFeed: "plain@test:1",
    peer: "test",
    guard,
    clock: world.clock,
    log: silentLog,
    signal: abort.signal,
    drainMs: 5_000,
  });
  return { wire, done, abort };
}

const HELLO = { type: "hello", feed: "nse" };

Deno.test("a session that said hello gets heartbeats, and is closed when silent", async () => {
  const world = new FeedWorld();
  const { wire, done } = connect(world);
  wire.send(HELLO);
  await world.clock.advance(5_000);
  assert.deepEqual(wire.heardTypes().slice(0, 1), ["welcome"]);
  assert.equal(wire.heardTypes().at(-1), "heartbeat");
  await world.clock.advance(5_000);
  wire.send({ type: "heartbeat" });
  await world.clock.advance(14_000);
  assert.equal(wire.closed, false);
  await world.clock.advance(2_000);
  await world.clock.advance(2_000);
  await done;
  assert.equal(wire.heard.at(-1)?.code, "silent");
  assert.equal(wire.closed, true);
});

Deno.test("a hello that cannot be taken is answered, not left waiting", async () => {
  for (
    const [hello, reason] of [
      [{ type: "hello" }, "hello cannot be taken, feed: must be a text"],
      [
        { type: "hello", note: "x".repeat(2_000) },
        "hello cannot be taken, feed: must be a text",
      ],
      [{ type: "hello", feed: null }, /feed: must be a text/],
      [{ type: "hello", feed: "my feed" }, /feed: must match \^\[A-Za-z0-9\]/],
      [{ ...HELLO, epoch: -1 }, /epoch: /],
      [{ ...HELLO, epoch: null }, /epoch: /],
    ] as const
  ) {
    const world = new FeedWorld();
    const { wire, done } = connect(world);
    wire.send(hello, tick(1));
    wire.end();
    await done;
    assert.deepEqual(wire.heardTypes(), ["error"]);
    const [error] = wire.heard;
    assert.equal(error.code, "protocol");
    if (reason instanceof RegExp) assert.match(String(error.reason), reason);
    else assert.equal(error.reason, reason);
  }
});

Deno.test("a plain connection may be silent for ever, and hears nothing", async () => {
  const world = new FeedWorld();
  const { wire, done } = connect(world);
  wire.send(tick(undefined));
  await world.clock.advance(120_000);
  assert.equal(wire.closed, false);
  wire.raw(JSON.stringify(tick(undefined)));
  wire.end();
  await world.clock.advance(10);
  await done;
  assert.deepEqual(wire.heard, []);
  const entries = (await world.entries()).map(({ entry }) => entry);
  assert.equal(
    entries.reduce((sum, { received }) => sum + received, 0),
    2,
  );
  assert.deepEqual(entries.map(({ kind }) => kind), [
    "open",
    "ticks",
    "ticks",
    "close",
  ]);
});

Deno.test("a session that waits for commits is not taken for a silent one", async () => {
  const world = new FeedWorld({ settings: { windowBytes: 100 } });
  const { wire, done } = connect(world);
  wire.send(HELLO, ...ticks(1, 10));
  await world.clock.advance(60_000);
  assert.equal(wire.closed, false);
  await world.commit();
  wire.end();
  await world.clock.advance(100);
  await world.commit();
  await world.clock.advance(100);
  await done;
  assert.ok(wire.heard.some(({ type, seq }) => type === "ack" && seq === 10));
});

for (const acked of [true, false]) {
  const who = acked ? "a session" : "a plain connection";
  Deno.test(`${who} is not read while the buffer refuses, and is afterwards`, async () => {
    const buffer = new LossyBuffer();
    const settings = { windowBytes: 1_000, unappendedBytes: 1_000 };
    const world = new FeedWorld({ buffer, settings });
    const { wire, done } = connect(world);
    if (acked) wire.send(HELLO);
    wire.send(tick(1));
    await world.clock.advance(100);
    buffer.plan.push(...Array(1_000).fill("refused"));
    for (let from = 2; from < 500; from += 2) {
      wire.send(tick(from), tick(from + 1));
    }
    const sent = wire.unread;
    await world.clock.advance(1_000);
    const held = world.ingest.stats()[0];
    const { unread } = wire;
    assert.ok(held.uncommittedBytes < 1_500, String(held.uncommittedBytes));
    assert.ok(sent - unread < 2_000, String(sent - unread));
    assert.deepEqual([held.paused, held.trouble !== null], [true, true]);
    await world.clock.advance(9_000);
    assert.equal(wire.unread, unread);
    buffer.plan.length = 0;
    wire.end();
    for (let i = 0; i < 100 && !wire.closed; i++) {
      await world.clock.advance(500);
      await world.commit();
    }
    await done;
    const feed = acked ? "nse" : "plain@test:1";
    const applied = world.store.applied.get(feed)!;
    assert.deepEqual(applied, Array.from({ length: 499 }, (_, i) => i + 1));
    assert.equal(world.ingest.stats()[0].trouble, null);
  });
}

Deno.test("bad lines of a session are nacked with their line and reason", async () => {
  const world = new FeedWorld();
  const { wire, done, abort } = connect(world);
  wire.send(HELLO, tick(1), tick(2, { price: -3 }), "?");
  await turns();
  assert.deepEqual(wire.heard.filter(({ type }) => type === "nack"), [
    {
      type: "nack",
      seq: 2,
      line: 3,
      code: "price_not_positive",
      reason: "price must be > 0, got -3",
    },
    {
      type: "nack",
      seq: null,
      line: 4,
      code: "not_json",
      reason: `line must be JSON, Unexpected token '?', "?" is not valid JSON`,
    },
  ]);
  abort.abort();
  await world.clock.advance(5_000);
  await done;
});

Deno.test("a source is told when the warehouse does not answer, a plain one waits", async () => {
  const world = new FeedWorld();
  const claim = world.store.claimContent;
  world.store.claimContent = () => Promise.reject(new Error("down"));
  const session = connect(world);
  session.wire.send(HELLO);
  const plain = connect(world);
  plain.wire.send(tick(undefined));
  await world.clock.advance(2_500);
  await session.done;
  assert.equal(session.wire.heard.at(-1)?.code, "unavailable");
  world.store.claimContent = claim;
  await world.clock.advance(1_000);
  plain.wire.end();
  await world.clock.advance(100);
  await plain.done;
  const received = (await world.entries()).map(({ entry }) => entry.received);
  assert.deepEqual(received.filter(Boolean), [1]);
});

Deno.test("a drain that gets no commit ends at its deadline, without an ack", async () => {
  const world = new FeedWorld();
  const { wire, done, abort } = connect(world);
  wire.send(HELLO, ...ticks(1, 3));
  await world.clock.advance(10);
  abort.abort();
  await world.clock.advance(4_990);
  assert.equal(wire.closed, false);
  await world.clock.advance(20);
  await done;
  assert.equal(wire.closed, true);
  assert.ok(!wire.heardTypes().includes("ack"));
});

const TOKEN = "0123456789abcdef";

function guarded(rules: Record<string, unknown>) {
  const text = JSON.stringify({ nse: { token: TOKEN, ...rules } });
  return new FeedGuard(null, parseFeedRules(text, "feeds.json"));
}

Deno.test("where tokens are asked for, a hello must come within three seconds", async () => {
  const world = new FeedWorld();
  const silent = connect(world, undefined, guarded({}));
  const slow = connect(world, undefined, guarded({}));
  slow.wire.raw('{"type":"hello","feed":');
  const known = connect(world, undefined, guarded({}));
  known.wire.send({ ...HELLO, token: TOKEN });
  await world.clock.advance(2_000);
  assert.equal(silent.wire.closed || slow.wire.closed, false);
  await world.clock.advance(3_000);
  await Promise.all([silent.done, slow.done]);
  for (const { wire } of [silent, slow]) {
    assert.deepEqual(wire.heard, [{
      type: "error",
      code: "token",
      reason: "a hello must come within 3000 ms",
    }]);
  }
  assert.equal(known.wire.closed, false);
  known.abort.abort();
  await world.clock.advance(6_000);
  await known.done;
});

Deno.test("a feed brings its own symbols; others' are rejected and counted", async () => {
  const world = new FeedWorld();
  const { wire, done } = connect(
    world,
    undefined,
    guarded({ symbols: ["A*"] }),
  );
  wire.send({
    ...HELLO,
    token: TOKEN,
    instruments: [
      { symbol: "AX", price_scale: 3 },
      { symbol: "BX", price_scale: 3 },
    ],
  });
  wire.send(
    tick(1, { symbol: "A" }),
    tick(2, { symbol: "B" }),
    tick(3, { symbol: "AB" }),
    tick(4, { symbol: "B" }),
  );
  await world.clock.advance(100);
  const nacks = wire.heard.filter(({ type }) => type === "nack");
  assert.deepEqual(
    nacks.map(({ seq, code, reason }) => [seq, code, reason]),
    [2, 4].map((seq) => [
      seq,
      "unknown_symbol",
      "Symbol B is not one of this feed",
    ]),
  );
  const [feed] = world.ingest.stats();
  assert.deepEqual(
    [feed.received, feed.accepted, feed.duplicates, feed.rejected],
    [4, 2, 0, 2],
  );
  const known = world.catalog.all().map(({ symbol }) => symbol);
  assert.ok(known.includes("AX"));
  assert.deepEqual(known.filter((symbol) => symbol.startsWith("B")), []);
  wire.end();
  await world.clock.advance(6_000);
  await done;
});

Deno.test("a feed that is quicker than it may be is made to wait", async () => {
  const world = new FeedWorld();
  const { wire, abort, done } = connect(
    world,
    undefined,
    guarded({ lines_per_second: 100 }),
  );
  wire.send({ ...HELLO, token: TOKEN });
  await turns();
  let sent = 0;
  const received = () => world.ingest.stats()[0].received;
  for (let second = 0; second < 5; second++) {
    for (let i = 0; i < 4; i++) {
      wire.send(...ticks(sent + 1, sent + 100));
      sent += 100;
      await turns();
    }
    await world.clock.advance(1_000);
  }
  assert.ok(received() >= 500 && received() <= 800, `${received()} lines`);
  assert.ok(wire.unread > 0, "the rest waits in the network");
  abort.abort();
  await world.clock.advance(6_000);
  await done;
});
