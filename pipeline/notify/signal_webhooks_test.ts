import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { LiveEvent } from "../domain/live_event.ts";
import type { SignalAction, SignalView } from "../domain/signal.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { SignalWebhooks } from "./signal_webhooks.ts";
import { silentLog } from "../silent_log.ts";

const URL = "https://desk.example/hooks/0123456789";
const SECRET = "a secret of sixteen";

function signal(action: SignalAction, t = 1): LiveEvent {
  return {
    kind: "signal",
    symbol: "NIFTY50",
    signal: { symbol: "NIFTY50", t, action } as SignalView,
  };
}

interface Post {
  readonly url: string;
  readonly body: string;
  readonly headers: Headers;
  readonly redirect: RequestRedirect | undefined;
}

/** Webhooks whose receiver gives these answers, one after the other. */
function started(answers: readonly (number | Error)[], secret?: string) {
  const clock = new ManualClock();
  const posts: Post[] = [];
  let ids = 0;
  const warned: string[] = [];
  const webhooks = new SignalWebhooks({
    urls: [URL],
    secret,
    clock,
    log: {
      info() {},
      error() {},
      warn: (text, fields) => warned.push(`${text} ${JSON.stringify(fields)}`),
    },
    newId: () => `id-${++ids}`,
    fetch: (url, init) => {
      posts.push({
        url: String(url),
        body: String(init?.body),
        headers: new Headers(init?.headers),
        redirect: init?.redirect,
      });
      const answer = answers[posts.length - 1] ?? 200;
      return answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve(new Response("", { status: answer }));
    },
  });
  const abort = new AbortController();
  const running = webhooks.run(abort.signal);
  return {
    clock,
    posts,
    warned,
    webhooks,
    async end() {
      abort.abort();
      await running;
    },
  };
}

/** Signing is the machine's work, not the clock's. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!holds()) {
    assert(Date.now() < deadline, "it never came");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("BUY and SELL are delivered, signed; HOLD and other events are not", async () => {
  const { clock, posts, webhooks, end } = started([], SECRET);
  webhooks.offer([
    signal("HOLD"),
    signal("BUY"),
    { kind: "forecast", symbol: "NIFTY50", forecasts: [] },
    signal("SELL"),
  ]);
  await until(() => webhooks.stats()[0].delivered === 2);
  assert.deepEqual(
    posts.map(({ url, body }) => [url, JSON.parse(body).signal.action]),
    [[URL, "BUY"], [URL, "SELL"]],
  );
  const [{ body, headers }] = posts;
  const at = Math.floor(clock.now() / 1e6);
  const mac = createHmac("sha256", SECRET).update(`${at}.${body}`)
    .digest("hex");
  assert.equal(headers.get("tickhouse-signature"), `t=${at},v1=${mac}`);
  assert.equal(headers.get("tickhouse-delivery"), "id-1");
  await end();
});

Deno.test("a delivery that fails is tried again, longer apart, under the same id", async () => {
  const down = new TypeError("connection refused");
  const { clock, posts, webhooks, end } = started([down, 503, 429, 200]);
  webhooks.offer([signal("BUY")]);
  for (const [n, waitMs] of [1_000, 2_000, 4_000].entries()) {
    await until(() => posts.length === n + 1);
    await clock.advance(waitMs - 1);
    assert.equal(posts.length, n + 1, "it waits");
    await clock.advance(1);
  }
  await until(() => webhooks.stats()[0].delivered === 1);
  assert.deepEqual(
    new Set(posts.map(({ headers }) => headers.get("tickhouse-delivery"))),
    new Set(["id-1"]),
  );
  assert.equal(posts[0].headers.get("tickhouse-signature"), null);
  await end();
});

Deno.test("a receiver that refuses is not asked again, and the next one goes on", async () => {
  const { posts, warned, webhooks, end } = started([410, 302, 200]);
  webhooks.offer([signal("BUY"), signal("SELL"), signal("BUY", 2)]);
  await until(() => webhooks.stats()[0].delivered === 1);
  assert.equal(posts.length, 3);
  for (const { url, redirect } of posts) {
    assert.deepEqual([url, redirect], [URL, "manual"], "nobody is sent on");
  }
  assert.deepEqual(webhooks.stats(), [{
    receiver: "https://desk.example",
    waiting: 0,
    delivered: 1,
    failed: 2,
    dropped: 0,
  }]);
  assert.match(warned[0], /not delivered.*It answered 410/);
  assert(!warned.join().includes("0123456789"), "a path may be a secret");
  await end();
});

Deno.test("a signal that nobody took for ten minutes is given up", async () => {
  const { clock, posts, webhooks, end } = started(Array(99).fill(500));
  webhooks.offer([signal("BUY")]);
  while (webhooks.stats()[0].failed === 0) {
    const before = posts.length;
    await clock.advance(30_000);
    await until(() =>
      posts.length > before || webhooks.stats()[0].failed === 1
    );
    assert(posts.length < 40, "it ends");
  }
  await end();
});

Deno.test("no more wait than may: the oldest go, counted", () => {
  const webhooks = new SignalWebhooks({
    urls: [URL],
    clock: new ManualClock(),
    log: silentLog,
  });
  for (let t = 0; t < 300; t++) webhooks.offer([signal("BUY", t)]);
  const [{ waiting, dropped }] = webhooks.stats();
  assert.deepEqual([waiting, dropped], [256, 44]);
});
