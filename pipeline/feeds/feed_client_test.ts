import assert from "node:assert/strict";
import { epochMicros } from "../domain/time.ts";
import type { Clock } from "../ports.ts";
import {
  type FeedConnection,
  FeedLostError,
  FeedRefusedError,
  FeedUnreachableError,
  runFeedClient,
  type TickSource,
} from "./feed_client.ts";
import { TickSourceError } from "./guarded_source.ts";

type Message = Readonly<Record<string, unknown>>;
type Answer = (
  message: Message,
  say: (message: Message | string) => void,
  hangUp: () => void,
) => void;

/** A connection to a listener that is a function. */
function connectionTo(answer: Answer): FeedConnection {
  const encoder = new TextEncoder();
  const inbox: (Uint8Array | null)[] = [];
  let wake: (() => void) | null = null;
  let closed = false;
  const push = (bytes: Uint8Array | null) => {
    inbox.push(bytes);
    wake?.();
  };
  const say = (message: Message | string) =>
    push(encoder.encode(
      typeof message === "string" ? message : `${JSON.stringify(message)}\n`,
    ));
  return {
    read: async (into) => {
      while (inbox.length === 0) {
        await new Promise<void>((resolve) => wake = resolve);
      }
      const bytes = inbox.shift() ?? null;
      if (closed) throw new Error("closed");
      if (bytes === null) return null;
      into.set(bytes);
      return bytes.length;
    },
    write: async (bytes) => {
      await Promise.resolve();
      if (closed) throw new Error("closed");
      for (const line of new TextDecoder().decode(bytes).trim().split("\n")) {
        answer(JSON.parse(line), say, () => push(null));
      }
      return bytes.length;
    },
    closeWrite: () => {
      push(null);
      return Promise.resolve();
    },
    close: () => {
      closed = true;
      push(null);
    },
  };
}

/** A clock that jumps to the next thing that somebody waits for. */
class JumpingClock implements Clock {
  #nowMs = 1_000_000;
  readonly #waits = new Set<{ at: number; wake: () => void }>();
  readonly slept: number[] = [];

  now() {
    return epochMicros(Math.round(this.#nowMs * 1_000));
  }

  steadyMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      this.slept.push(ms);
      const wait = { at: this.#nowMs + ms, wake: resolve };
      this.#waits.add(wait);
      signal?.addEventListener("abort", () => {
        this.#waits.delete(wait);
        resolve();
      });
      setTimeout(() => this.#jump(), 0);
    });
  }

  #jump(): void {
    const next = [...this.#waits].sort((a, b) => a.at - b.at)[0];
    if (!next) return;
    this.#waits.delete(next);
    this.#nowMs = Math.max(this.#nowMs, next.at);
    next.wake();
  }
}

function ticks(total: number): TickSource {
  return {
    async *from(first, { max, signal }) {
      for (let seq = first; seq <= total && !signal.aborted;) {
        const count = Math.min(max, total - seq + 1);
        const lines = Array.from({ length: count }, () => `{"seq":${seq++}}\n`);
        yield await Promise.resolve({
          bytes: new TextEncoder().encode(lines.join("")),
          count,
        });
      }
    },
  };
}

const welcome = (say: (message: Message) => void, after = 0) =>
  say({ type: "welcome", epoch: 1, resume_after: after, window: 5_000 });

function run(
  connect: () => FeedConnection,
  given: Partial<Parameters<typeof runFeedClient>[0]> = {},
) {
  return runFeedClient({
    hello: { feed: "test" },
    connect: () => Promise.resolve().then(connect),
    source: () => ticks(10),
    clock: new JumpingClock(),
    random: () => 1,
    ...given,
  });
}

/** Acks everything at once. */
const willing: Answer = (message, say) => {
  if (message.type === "hello") welcome(say);
  if (message.seq) say({ type: "ack", seq: message.seq });
};

Deno.test("runFeedClient() says hello as it was told", async () => {
  const hellos: Message[] = [];
  await run(() =>
    connectionTo((message, say, hangUp) => {
      if (message.type === "hello") hellos.push(message);
      willing(message, say, hangUp);
    }), { hello: { feed: "x", replay: true, token: "secret" } });
  assert.deepEqual(hellos, [
    { type: "hello", feed: "x", replay: true, token: "secret" },
  ]);
});

Deno.test("runFeedClient() asks for the epoch that was chosen", async () => {
  const hellos: unknown[] = [];
  const summary = await run(
    () =>
      connectionTo((message, say, hangUp) => {
        if (message.type !== "hello") return willing(message, say, hangUp);
        hellos.push(message.epoch);
        const epoch = message.epoch ?? 3;
        say({ type: "welcome", epoch, resume_after: 0, window: 5_000 });
      }),
    { chooseEpoch: ({ epoch }) => epoch + 5 },
  );
  assert.deepEqual(hellos, [undefined, 8]);
  assert.equal(summary.epoch, 8);
  assert.equal(summary.reconnects, 0);
  assert.equal(summary.complete, true);
});

Deno.test("runFeedClient() tries again more and more slowly", async () => {
  const clock = new JumpingClock();
  let tries = 0;
  await run(() => {
    if (++tries <= 9) throw new Error("refused");
    return connectionTo(willing);
  }, { clock });
  const waits = clock.slept.filter((ms) => ms !== 2_000);
  assert.deepEqual(waits.slice(0, 9), [
    100,
    200,
    400,
    800,
    1_600,
    2_500,
    2_500,
    2_500,
    2_500,
  ]);
});

Deno.test("runFeedClient() sends a heartbeat every 5 s while it waits", async () => {
  let heartbeats = 0;
  const clock = new JumpingClock();
  await run(() =>
    connectionTo((message, say) => {
      if (message.type === "hello") welcome(say);
      if (message.type !== "heartbeat") return;
      if (++heartbeats === 7) say({ type: "ack", seq: 10 });
    }), { clock });
  assert.equal(heartbeats, 7);
  assert.equal(clock.slept.filter((ms) => ms === 1_000).length >= 35, true);
});

Deno.test("runFeedClient() leaves a listener that says nothing", async () => {
  let connections = 0;
  const causes: unknown[] = [];
  const summary = await run(() => {
    if (++connections === 1) return connectionTo(() => {});
    if (connections === 2) {
      return connectionTo((message, say) => {
        if (message.type === "hello") welcome(say);
      });
    }
    return connectionTo(willing);
  }, { onLost: (cause) => causes.push(cause) });
  assert.equal(summary.complete, true);
  assert.equal(connections, 3);
  assert(causes.every((cause) => cause instanceof FeedLostError));
  assert.match(String(causes[0]), /said nothing for 30000 ms/);
  assert.match(String(causes[1]), /said nothing for 7000 ms/);
});

Deno.test("runFeedClient() comes back after a refusal that passes", async () => {
  let connections = 0;
  const busy: Answer = (_, say) =>
    say({ type: "error", code: "too_many_connections", reason: "64 are open" });
  const summary = await run(() =>
    connectionTo(++connections < 3 ? busy : willing)
  );
  assert.equal(summary.complete, true);
  assert.equal(connections, 3);
});

Deno.test("runFeedClient() ends at a refusal that stays", async () => {
  for (const code of ["content", "token", "seq_too_low", "superseded"]) {
    await assert.rejects(
      run(() =>
        connectionTo((_, say) => say({ type: "error", code, reason: "no" }))
      ),
      (error) => error instanceof FeedRefusedError && error.code === code,
    );
  }
});

Deno.test("runFeedClient() gives up when nobody answers for long", async () => {
  await assert.rejects(
    run(() => {
      throw new Error("connection refused");
    }, { giveUpAfterMs: 30_000 }),
    (error) =>
      error instanceof FeedUnreachableError &&
      /connection refused/.test(error.message),
  );
});

Deno.test("runFeedClient() does not retry when its source fails", async () => {
  let connections = 0;
  const broken: TickSource = {
    // deno-lint-ignore require-yield
    async *from() {
      await Promise.resolve();
      throw new RangeError("the disk is gone");
    },
  };
  await assert.rejects(
    run(() => {
      connections++;
      return connectionTo(willing);
    }, { source: () => broken }),
    (error) =>
      error instanceof TickSourceError && /disk is gone/.test(error.message),
  );
  assert.equal(connections, 1);
});

Deno.test("runFeedClient() connects anew after an answer that is no message", async () => {
  for (const answer of ["hm\n", '{"type":"ack"}\n', "x".repeat(16_000)]) {
    let connections = 0;
    const summary = await run(() =>
      connectionTo(
        ++connections > 1 ? willing : (_, say) => {
          for (let i = 0; i < 5; i++) say(answer);
        },
      )
    );
    assert.equal(summary.complete, true);
    assert.equal(connections, 2);
  }
});

Deno.test("runFeedClient() passes over messages of a later version", async () => {
  const summary = await run(() =>
    connectionTo((message, say, hangUp) => {
      say({ type: "weather", sunny: true });
      willing(message, say, hangUp);
    })
  );
  assert.equal(summary.complete, true);
  assert.equal(summary.reconnects, 0);
});

Deno.test("runFeedClient() counts a flood of reasons in bounded space", async () => {
  const total = 1_000;
  const summary = await run(() =>
    connectionTo((message, say, hangUp) => {
      if (message.seq) {
        say({
          type: "nack",
          seq: message.seq,
          line: 1,
          reason: `${Math.random()}`,
        });
      }
      willing(message, say, hangUp);
    }), { source: () => ticks(total) });
  assert.equal(summary.rejected, total);
  assert(Object.keys(summary.nacked).length <= 33);
  const counted = Object.values(summary.nacked).reduce((sum, n) => sum + n);
  assert.equal(counted, total);
});
