import assert from "node:assert/strict";
import { mock } from "node:test";
import type { LinkStatus } from "../link_status.ts";
import { connectLive } from "./connect_live.ts";

/** A stream whose state a test sets. */
class FakeSource extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static all: FakeSource[] = [];
  onopen = () => {};
  onerror = () => {};
  readyState = FakeSource.CONNECTING;

  constructor() {
    super();
    FakeSource.all.push(this);
  }

  open(): void {
    this.readyState = FakeSource.OPEN;
    this.onopen();
  }

  fail(): void {
    this.readyState = FakeSource.CONNECTING;
    this.onerror();
  }

  close(): void {
    this.readyState = FakeSource.CLOSED;
  }
}

/** A page with a link, in time that a test lets pass. */
async function withLink(
  test: (world: {
    readonly status: () => LinkStatus | undefined;
    /** Lets time pass, and all that follows from it. */
    readonly pass: (ms: number) => Promise<void>;
    readonly source: () => FakeSource;
    readonly server: { answers: boolean; asked: number; polled: number };
  }) => Promise<void>,
): Promise<void> {
  const real = {
    fetch: globalThis.fetch,
    EventSource: globalThis.EventSource,
  };
  const server = { answers: true, asked: 0, polled: 0 };
  const answer = () =>
    server.answers ? Promise.resolve() : new Promise<void>(() => {});
  let status: LinkStatus | undefined;
  FakeSource.all = [];
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  Object.assign(globalThis, {
    EventSource: FakeSource,
    document: { hidden: false },
    fetch: () => {
      server.asked++;
      return answer();
    },
  });
  const close = connectLive({
    url: "/api/stream",
    onEvent() {},
    onStatus: (now) => status = now,
    poll: () => {
      server.polled++;
      return answer();
    },
  });
  try {
    await test({
      status: () => status,
      pass: async (ms) => {
        for (let passed = 0; passed < ms; passed += 100) {
          mock.timers.tick(100);
          for (let i = 0; i < 10; i++) await Promise.resolve();
        }
      },
      source: () => FakeSource.all.at(-1)!,
      server,
    });
  } finally {
    close();
    mock.timers.reset();
    Object.assign(globalThis, real);
    Reflect.deleteProperty(globalThis, "document");
  }
}

Deno.test("a stream that is cut is told at once, polled for, and comes back", async () => {
  await withLink(async ({ status, pass, source, server }) => {
    source().open();
    assert.equal(status(), "connected");
    source().fail();
    assert.equal(status(), "reconnecting");
    await pass(2_100);
    assert.equal(status(), "polling");
    assert.equal(server.polled, 1);
    source().open();
    assert.equal(status(), "connected");
    const { polled } = server;
    await pass(10_000);
    assert.equal(server.polled, polled, "polls end");
    assert.equal(status(), "connected");
  });
});

Deno.test("a connection that hangs is told within five seconds, and begun anew", async () => {
  await withLink(async ({ status, pass, source, server }) => {
    source().open();
    await pass(20_000);
    assert.equal(status(), "connected", "a silent stream of a live server");
    assert.ok(server.asked > 2, "the server was asked");
    server.answers = false;
    await pass(5_000);
    assert.equal(status(), "reconnecting");
    await pass(12_000);
    assert.equal(status(), "offline");
    server.answers = true;
    await pass(12_000);
    assert.equal(status(), "polling");
    assert.ok(FakeSource.all.length > 1, "a new stream was begun");
    source().open();
    assert.equal(status(), "connected");
  });
});

Deno.test("a connection that hangs is told in less than five seconds, whenever it is cut", async () => {
  for (let aliveMs = 0; aliveMs < 3_000; aliveMs += 100) {
    for (const speaks of [true, false]) {
      await withLink(async ({ status, pass, source, server }) => {
        source().open();
        await pass(aliveMs);
        if (speaks) {
          source().dispatchEvent(
            Object.assign(new Event("feed"), { data: "{}" }),
          );
        }
        server.answers = false;
        await pass(4_900);
        assert.equal(status(), "reconnecting", `cut after ${aliveMs} ms`);
      });
    }
  }
});

Deno.test("a stream that speaks is not doubted", async () => {
  await withLink(async ({ status, pass, source, server }) => {
    source().open();
    for (let i = 0; i < 20; i++) {
      source().dispatchEvent(Object.assign(new Event("feed"), { data: "{}" }));
      await pass(1_000);
    }
    assert.equal(server.asked, 0);
    assert.equal(status(), "connected");
  });
});
