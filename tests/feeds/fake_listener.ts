import assert from "node:assert/strict";

/** What one line of a source said. */
export interface HeardTick {
  readonly symbol: string;
  readonly ts: number;
  readonly price: number;
  readonly volume?: number;
  readonly seq: number;
}

export interface FakeListenerOptions {
  /** Bytes that may be uncommitted. */
  readonly window?: number;
  /** Acks wait this long after the ticks. */
  readonly ackDelayMs?: number;
  /** Cuts each of the first connections after so many ticks. */
  readonly cutAfter?: readonly number[];
  /** Numbers to pretend, once each, that they did not arrive. */
  readonly lose?: readonly number[];
  /** Numbers to reject. */
  readonly reject?: readonly number[];
  readonly refuse?: { readonly code: string; readonly reason: string };
  /** Epoch and ack that the feed has before the test. */
  readonly known?: { readonly epoch: number; readonly acked: number };
}

/**
 * A listener over real TCP that keeps what it acked in memory, across
 * connections, as a warehouse would: what came after the ack is forgotten when
 * a connection is cut.
 */
export class FakeListener {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #lose: Set<number>;
  readonly #reject: Set<number>;
  readonly #cuts: number[];
  /** Committed ticks by epoch and number. */
  readonly committed = new Map<number, Map<number, HeardTick>>();
  readonly hellos: Record<string, unknown>[] = [];
  readonly ends: number[] = [];
  heartbeats = 0;
  duplicates = 0;
  uncommittedMax = 0;
  acked: number;
  epoch: number;

  constructor(private readonly options: FakeListenerOptions = {}) {
    this.#lose = new Set(options.lose);
    this.#reject = new Set(options.reject);
    this.#cuts = [...options.cutAfter ?? []];
    this.epoch = options.known?.epoch ?? 1;
    this.acked = options.known?.acked ?? 0;
    this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get ticks(): readonly HeardTick[] {
    const ticks = this.committed.get(this.epoch) ?? new Map();
    return [...ticks.entries()].sort(([a], [b]) => a - b).map(([, t]) => t);
  }

  close(): void {
    this.#listener.close();
    for (const connection of this.#open) closeQuietly(connection);
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        this.#open.add(connection);
        this.#serve(connection).catch(() => {}).finally(() => {
          this.#open.delete(connection);
          closeQuietly(connection);
        });
      }
    } catch {
      // Closed by the test.
    }
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    const cutAfter = this.#cuts.shift() ?? Infinity;
    let expected = 0;
    let holding = false;
    let heard = 0;
    let pending: HeardTick[] = [];
    let pendingBytes = 0;
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const say = (message: Record<string, unknown>) =>
      connection.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`))
        .catch(() => {});
    const commit = () => {
      if (!this.#open.has(connection) || pending.length === 0) return;
      const ticks = this.committed.get(this.epoch) ?? new Map();
      this.committed.set(this.epoch, ticks);
      for (const tick of pending) {
        assert(!ticks.has(tick.seq), `tick ${tick.seq} is committed once`);
        ticks.set(tick.seq, tick);
        this.acked = tick.seq;
      }
      pending = [];
      pendingBytes = 0;
      say({ type: "ack", seq: this.acked });
    };
    try {
      for await (const line of linesOf(connection)) {
        const message = JSON.parse(line);
        if (message.type === "hello") {
          this.hellos.push(message);
          if (this.options.refuse) {
            await say({ type: "error", ...this.options.refuse });
            return;
          }
          if (message.epoch !== undefined && message.epoch !== this.epoch) {
            this.epoch = message.epoch;
            this.acked = 0;
          }
          expected = this.acked + 1;
          await say({
            type: "welcome",
            epoch: this.epoch,
            resume_after: this.acked,
            window: this.options.window ?? 65_536,
          });
        } else if (message.type === "heartbeat") {
          this.heartbeats++;
        } else if (message.type === "end") {
          this.ends.push(message.total);
        } else {
          if (++heard > cutAfter) return;
          if (message.seq > expected || this.#lose.delete(message.seq)) {
            if (!holding) say({ type: "resend", from: expected });
            holding = true;
            continue;
          }
          if (message.seq < expected) {
            this.duplicates++;
            continue;
          }
          holding = false;
          expected++;
          if (this.#reject.has(message.seq)) {
            say({ type: "nack", seq: message.seq, line: 1, reason: "bad" });
          }
          pending.push(message);
          pendingBytes += line.length + 1;
          this.uncommittedMax = Math.max(this.uncommittedMax, pendingBytes);
          if (pending.length === 1) {
            timers.add(setTimeout(commit, this.options.ackDelayMs ?? 1));
          }
        }
      }
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
  }
}

async function* linesOf(connection: Deno.Conn): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const into = new Uint8Array(65_536);
  let rest = "";
  for (;;) {
    const n = await connection.read(into);
    if (n === null) return;
    const lines = (rest + decoder.decode(into.subarray(0, n), { stream: true }))
      .split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}
