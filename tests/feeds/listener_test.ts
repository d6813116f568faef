import assert from "node:assert/strict";
import { appendStart, runMarks } from "../../pipeline/feeds/run_marks.ts";
import { FeedGuard } from "../../pipeline/feeds/feed_guard.ts";
import { type Feeds, startFeeds } from "../../pipeline/feeds/start_feeds.ts";
import { FeedWorld } from "../../pipeline/feeds/testing/feed_world.ts";
import { ticks } from "../../pipeline/feeds/testing/fake_source.ts";
import type { Clock } from "../../pipeline/ports.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import type { SocketEndpoint } from "../../pipeline/domain/feed_endpoint.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

/** A source at the other end of a real TCP connection. */
class TcpSource {
  readonly heard: Record<string, unknown>[] = [];
  closed = false;
  readonly #reading: Promise<void>;
  #waiters: (() => void)[] = [];

  constructor(readonly connection: Deno.TcpConn) {
    this.#reading = this.#read();
  }

  static async connect(port: number): Promise<TcpSource> {
    return new TcpSource(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async #read(): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    const into = new Uint8Array(65_536);
    try {
      for (;;) {
        const n = await this.connection.read(into);
        if (n === null) break;
        const lines = (rest + decoder.decode(into.subarray(0, n))).split("\n");
        rest = lines.pop()!;
        this.heard.push(...lines.map((line) => JSON.parse(line)));
        this.#wake();
      }
    } catch {
      // Closed by the test.
    }
    this.closed = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  async send(...lines: (string | Record<string, unknown>)[]): Promise<void> {
    const text = lines.map((line) =>
      `${typeof line === "string" ? line : JSON.stringify(line)}\n`
    ).join("");
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) {
      at += await this.connection.write(bytes.subarray(at));
    }
  }

  /** Waits for something to be heard. */
  async hear(
    what: (message: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.heard.find(what);
      if (found) return found;
      assert.ok(!this.closed, `closed after ${JSON.stringify(this.heard)}`);
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  async whenClosed(): Promise<void> {
    await this.#reading;
  }

  async close(): Promise<void> {
    this.connection.close();
    await this.#reading;
  }
}

const isType = (type: string) => (m: Record<string, unknown>) =>
  m.type === type;
const isAck = (seq: number) => (m: Record<string, unknown>) =>
  m.type === "ack" && m.seq === seq;

interface Running {
  readonly world: FeedWorld<Clock>;
  readonly feeds: Feeds;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** Listeners on free ports, with commits as soon as something is appended. */
async function listening(
  given: {
    readonly endpoints?: readonly Partial<SocketEndpoint>[];
    readonly guard?: FeedGuard;
    readonly connectionsMax?: number;
  } = {},
): Promise<Running> {
  const world = new FeedWorld({ clock: systemClock });
  const abort = new AbortController();
  const stopCommits = new AbortController();
  const everywhere = {
    buffer: world.buffer,
    layout: world.layout,
    node: "test",
    clock: systemClock,
    log: silentLog,
    signal: stopCommits.signal,
  };
  await appendStart(everywhere);
  const marks = runMarks(everywhere);
  const feeds = startFeeds({
    endpoints: (given.endpoints ?? [{}]).map((endpoint) => ({
      mode: "listen",
      host: "127.0.0.1",
      port: 0,
      format: "ndjson",
      ...endpoint,
    })),
    ingest: world.ingest,
    guard: given.guard,
    connectionsMax: given.connectionsMax,
    clock: systemClock,
    log: silentLog,
    signal: abort.signal,
    drainMs: 60_000,
  });
  const commits = (async () => {
    while (!stopCommits.signal.aborted) {
      await world.commit();
      await systemClock.sleep(5, stopCommits.signal);
    }
  })();
  return {
    world,
    feeds,
    port: feeds.listening[0]?.port ?? 0,
    stop: async () => {
      abort.abort();
      await feeds.stopped;
      stopCommits.abort();
      await Promise.all([commits, marks]);
      world.ingest.dispose();
    },
  };
}

async function acceptedSeqs(world: FeedWorld<Clock>): Promise<number[]> {
  return (await world.entries()).flatMap(({ entry }) => [...entry.ticks.seq]);
}

const count = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
const HELLO = { type: "hello", feed: "nse" };

Deno.test("a source that says hello is welcomed, acked, and resumes after it", async () => {
  const { world, port, stop } = await listening();
  const first = await TcpSource.connect(port);
  await first.send({ ...HELLO, epoch: 3 }, ...ticks(1, 100));
  assert.deepEqual(await first.hear(isType("welcome")), {
    type: "welcome",
    feed: "nse",
    epoch: 3,
    resume_after: 0,
    window: 16_777_216,
  });
  await first.hear(isAck(100));
  await first.close();
  const second = await TcpSource.connect(port);
  await second.send(HELLO);
  const welcome = await second.hear(isType("welcome"));
  assert.deepEqual([welcome.epoch, welcome.resume_after], [3, 100]);
  await second.send(...ticks(101, 150), { type: "end", total: 150 });
  await second.connection.closeWrite();
  await second.hear(isAck(150));
  await second.whenClosed();
  assert.deepEqual(await acceptedSeqs(world), count(150));
  second.connection.close();
  await stop();
});

Deno.test("plain lines are taken without an answer, as NDJSON and as CSV", async () => {
  const { world, feeds, stop } = await listening({
    endpoints: [{}, { format: "csv" }],
  });
  const [ndjson, csv] = feeds.listening;
  const one = await TcpSource.connect(ndjson.port);
  await one.send('{"symbol":"A","ts":1764042300000,"price":"1.5"}', "junk");
  const two = await TcpSource.connect(csv.port);
  await two.send("symbol,ts,price,volume", "B,1764042300000,2.5,7");
  await one.connection.closeWrite();
  await two.connection.closeWrite();
  await one.whenClosed();
  await two.whenClosed();
  assert.deepEqual([one.heard, two.heard], [[], []]);
  const found = (await world.entries()).map(({ entry }) => entry)
    .filter(({ received }) => received > 0)
    .map((entry) => ({
      feed: entry.key.feed,
      symbols: entry.symbols.map(({ symbol }) => symbol),
      rejects: entry.rejects.map(({ reason, line }) => [reason, line]),
    })).toSorted((a, b) => a.symbols[0] < b.symbols[0] ? -1 : 1);
  assert.deepEqual(found, [
    {
      feed: `plain@127.0.0.1:${ndjson.port}`,
      symbols: ["A"],
      rejects: [["not_json", 2]],
    },
    { feed: `plain@127.0.0.1:${csv.port}`, symbols: ["B"], rejects: [] },
  ]);
  one.connection.close();
  two.connection.close();
  await stop();
});

Deno.test("a wrong token, a bad name and a late hello are told why", async () => {
  const { port, stop } = await listening({
    guard: new FeedGuard("s".repeat(16)),
  });
  const cases: readonly (readonly [
    string,
    readonly (string | Record<string, unknown>)[],
  ])[] = [
    ["token", [HELLO]],
    ["token", [{ ...HELLO, token: "s".repeat(15) }]],
    ["token", ticks(1, 1)],
    ["protocol", [{ ...HELLO, token: "s".repeat(16), feed: "plain@x" }]],
    ["protocol", [
      { ...HELLO, token: "s".repeat(16) },
      ...ticks(1, 2),
      HELLO,
    ]],
  ];
  for (const [code, lines] of cases) {
    const source = await TcpSource.connect(port);
    // More than the listener reads: its close must not take the error along.
    await source.send(...lines, ...ticks(1, 5_000));
    assert.equal((await source.hear(isType("error"))).code, code);
    await source.connection.closeWrite();
    await source.whenClosed();
    source.connection.close();
  }
  const source = await TcpSource.connect(port);
  await source.send({ ...HELLO, token: "s".repeat(16) });
  await source.hear(isType("welcome"));
  await source.close();
  await stop();
});

Deno.test("connections beyond the limit are refused, and let in again later", async () => {
  const { port, feeds, stop } = await listening({ connectionsMax: 2 });
  const one = await TcpSource.connect(port);
  await one.send({ ...HELLO, feed: "one" });
  await one.hear(isType("welcome"));
  const two = await TcpSource.connect(port);
  await two.send({ ...HELLO, feed: "two" });
  await two.hear(isType("welcome"));
  const three = await TcpSource.connect(port);
  const error = await three.hear(isType("error"));
  assert.equal(error.code, "too_many_connections");
  await three.close();
  assert.deepEqual(
    feeds.connectionStats().map(({ feed }) => feed).toSorted(),
    ["one", "two"],
  );
  await two.close();
  while (feeds.connectionStats().length > 1) await systemClock.sleep(1);
  const four = await TcpSource.connect(port);
  await four.send({ ...HELLO, feed: "four" });
  await four.hear(isType("welcome"));
  await Promise.all([one.close(), four.close()]);
  await stop();
});

Deno.test("at shutdown what was read is committed and acked before the close", async () => {
  const { world, port, stop } = await listening();
  const source = await TcpSource.connect(port);
  await source.send(HELLO, ...ticks(1, 500));
  await source.hear(isType("buffered"));
  await stop();
  await source.whenClosed();
  const acked = Math.max(
    0,
    ...source.heard.filter(isType("ack")).map(({ seq }) => Number(seq)),
  );
  const seqs = await acceptedSeqs(world);
  assert.deepEqual(seqs, count(seqs.length));
  assert.equal(acked, seqs.length);
  const kinds = (await world.entries()).map(({ entry }) => entry.kind);
  assert.deepEqual(
    kinds.filter((kind) => kind !== "ticks" && kind !== "mark"),
    ["start", "open", "close"],
  );
  source.connection.close();
});

Deno.test("a dialled source speaks the same, and is dialled again", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const { world, stop } = await listening({
    endpoints: [{ mode: "tcp", port }],
  });
  const first = new TcpSource(await listener.accept());
  await first.send(HELLO, ...ticks(1, 10));
  await first.hear(isAck(10));
  await first.close();
  const second = new TcpSource(await listener.accept());
  await second.send(HELLO);
  assert.equal((await second.hear(isType("welcome"))).resume_after, 10);
  await second.send(...ticks(11, 20));
  await second.hear(isAck(20));
  assert.deepEqual(await acceptedSeqs(world), count(20));
  await second.close();
  listener.close();
  await stop();
});

Deno.test("200,000 ticks from one source arrive once each, in order", async () => {
  const { world, port, stop } = await listening();
  const source = await TcpSource.connect(port);
  await source.send(HELLO);
  for (let from = 1; from < 200_000; from += 10_000) {
    await source.send(...ticks(from, from + 9_999));
  }
  await source.hear(isAck(200_000));
  const seqs = await acceptedSeqs(world);
  assert.equal(seqs.length, 200_000);
  assert.ok(seqs.every((seq, i) => seq === i + 1));
  await source.close();
  await stop();
});
