/** What strangers may send over HTTP, against the web server alone. */
import assert from "node:assert/strict";
import { createApp } from "../../web/create_app.ts";
import { OPERATIONS } from "../../web/operations.ts";
import { SECURITY_HEADERS } from "../../web/security_headers.ts";
import { serveHttp } from "../../web/serve_http.ts";
import { evictedStreams, openStreams } from "../../web/stream_response.ts";
import { candleView } from "../../pipeline/domain/candle.ts";
import type { LiveBus } from "../../pipeline/live/live_bus.ts";
import { EventReader } from "../harness/event_reader.ts";
import { until } from "../harness/program.ts";
import {
  candle as newCandle,
  fakeServices,
  minutesAgo,
} from "../web/fake_services.ts";
import {
  deafReaders,
  flood,
  halfHeaders,
  readOut,
  sendAndWait,
  slowBodies,
  type Target,
  Visitor,
} from "./attacks.ts";
import { HOSTILE_NAMES } from "./hostile_names.ts";
import { askOddly } from "./odd_parameters.ts";

const TOKEN = "a-token-of-24-characters";
const CONNECTIONS_MAX = 250;

Deno.test("the web server withstands strangers", async (t) => {
  const none = () => Promise.resolve([]);
  const services = await fakeServices({
    apiToken: TOKEN,
    quarantine: {
      store: {
        find: none,
        get: none,
        samples: none,
        counts: () => Promise.resolve({}),
        readmittedThrough: () => Promise.resolve(0),
      },
      desk: {
        readmit: () =>
          Promise.resolve({ readmitted: [], refused: [], pending: [] }),
      },
    },
  });
  const server = await serveHttp(createApp(() => services).handler(), {
    host: "127.0.0.1",
    port: 0,
    connectionsMax: CONNECTIONS_MAX,
  });
  const target: Target = {
    http: server.url,
    headers: { Authorization: `Bearer ${TOKEN}` },
  };
  try {
    await t.step(
      "half headers and slow bodies are cut, others are answered meanwhile",
      () => slowRequests(target),
    );
    await t.step(
      "a flood of connections leaves the pages reachable",
      () => floodOfPages(target),
    );
    await t.step(
      "streams that nobody reads are cut off, others get everything",
      () => deafStreams(target, services.bus),
    );
    await t.step(
      "no parameter of any path is taken for more than a value",
      () => odd(target),
    );
    await t.step("no path leads out of the site", () => paths(target));
    await t.step("every answer has the headers", () => headers(target));
  } finally {
    await server.close();
  }
});

async function ask(
  { http, headers }: Target,
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(http + path, {
    redirect: "manual",
    ...init,
    headers: { ...headers, ...init.headers },
  });
  const { status } = response;
  return { status, headers: response.headers, text: await response.text() };
}

async function slowRequests(target: Target): Promise<void> {
  const visitor = new Visitor(target, ["/api/instruments"]);
  const [half, slow] = await Promise.all([
    halfHeaders(target, 150),
    slowBodies(target, 50),
  ]);
  const { requests, faults } = await visitor.leave();
  assert.deepEqual([half.opened, half.cut], [150, 150]);
  assert.deepEqual([slow.opened, slow.cut], [50, 50]);
  for (const { said } of [half, slow]) {
    assert.deepEqual(Object.keys(said), ["HTTP/1.1 408 Request Timeout"]);
  }
  assert.deepEqual(faults, []);
  assert.ok(requests > 0);
}

/** All that are too many have been closed. */
async function allRefused(refused: () => number, least: number): Promise<void> {
  await until(
    `${least} to be refused`,
    () => Promise.resolve(refused()),
    (count) => count >= least,
  );
}

async function floodOfPages(target: Target): Promise<void> {
  const { held, refused } = await flood(
    target.http,
    3 * CONNECTIONS_MAX,
    (refused) => allRefused(refused, 2 * CONNECTIONS_MAX),
  );
  assert.ok(held <= CONNECTIONS_MAX, `${held} held`);
  assert.ok(refused >= 2 * CONNECTIONS_MAX, `${refused} refused`);
  await until(
    "an answer after the flood",
    () => ask(target, "/api/instruments"),
    ({ status }) => status === 200,
  );
}

/** More than the system keeps of one connection, in events of a kilobyte. */
const EVENTS_MAX = 30_000;

async function deafStreams(target: Target, bus: LiveBus): Promise<void> {
  const before = evictedStreams();
  const deaf = await deafReaders(target, 10);
  await until(
    "ten streams",
    () => Promise.resolve(openStreams()),
    (open) => open === deaf.length,
  );
  const stream = await fetch(`${target.http}/api/stream?history=0`, target);
  const reader = new EventReader(stream);
  assert.equal((await reader.next())!.event, "snapshot");
  const candle = candleView(newCandle("NIFTY50", minutesAgo(1)));
  let sent = 0;
  while (evictedStreams() - before < deaf.length && sent < EVENTS_MAX) {
    for (let n = 0; n < 50; n++) {
      bus.publish([{
        kind: "candle.closed",
        symbol: "NIFTY50",
        interval: "1m",
        candle: { ...candle, n: ++sent },
      }]);
    }
    for (let n = 0; n < 50; n++) {
      const { data } = (await reader.next())!;
      assert.equal(data.candle.n, sent - 49 + n);
    }
  }
  assert.equal(evictedStreams() - before, deaf.length, `${sent} events`);
  assert.equal(openStreams(), 1);
  await reader.leave();
  // To be cut off is to be closed: who reads at last comes to an end.
  for (const connection of deaf) {
    await readOut(connection);
    connection.close();
  }
}

async function odd(target: Target): Promise<void> {
  const names = HOSTILE_NAMES.filter((_, i) => i % 3 === 0);
  const values = [...names, "", "-1", "9".repeat(30), "\u0000", "%"];
  const { asked, faults } = await askOddly(target, "NIFTY50", values);
  assert.ok(asked > 1_000, `${asked} asked`);
  assert.deepEqual(faults, []);
}

async function paths(target: Target): Promise<void> {
  const { host } = new URL(target.http);
  const token = `Authorization: ${target.headers.Authorization}\r\n`;
  const head = `Host: ${host}\r\n${token}Connection: close\r\n`;
  const status = async (text: string) => {
    const { said } = await sendAndWait(target.http, 1, () => text);
    return Number(/^HTTP\/1\.1 (\d+)/.exec(Object.keys(said)[0])?.[1]);
  };
  for (
    const path of [
      "/../main.ts",
      "/static/../main.ts",
      "/%2e%2e/main.ts",
      "/%2e%2e%2fmain.ts",
      "/..%5cmain.ts",
      "/....//main.ts",
      "/styles.css/../../main.ts",
      "/styles.css%00.ts",
      "/_fresh/js/%2e%2e/%2e%2e/main.ts",
      "/instruments/..%2f..%2fmain.ts",
      "//etc/passwd",
      "/%c0%ae%c0%ae/main.ts",
      "/deno.json",
      "/.git/config",
      "/data/lock",
    ]
  ) {
    assert.equal(
      await status(`GET ${path} HTTP/1.1\r\n${head}\r\n`),
      404,
      path,
    );
  }
  // Requests within requests: one answer, and the connection is over.
  const smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  const post = `POST /login HTTP/1.1\r\n${head}`;
  for (
    const text of [
      `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde`,
      `${post}Content-Length: -1\r\n\r\n`,
      `${post}Content-Length: 1e1\r\n\r\n0123456789`,
      `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
      `${post}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n`,
      `GET / HTTP/1.1\r\n${head}Host: evil.example\r\n\r\n`,
      `GET / HTTP/1.1\r\n${head}X-A: b\r\n X-C: folded\x00\r\n\r\n`,
      `GET / HTTP/9.9\r\n${head}\r\n`,
    ]
  ) {
    const answer = await status(text + smuggled);
    assert.ok(answer >= 400 && answer < 500, `${answer}: ${text}`);
  }
}

async function headers(target: Target): Promise<void> {
  const etag = (await ask(target, "/styles.css")).headers.get("etag")!;
  const answers: Record<string, { status: number; headers: Headers }> = {};
  for (const { method, path } of OPERATIONS) {
    if (path === "/api/stream") continue;
    answers[path] = await ask(target, path, { method });
  }
  const pages = ["/", "/system", "/login", "/settings", "/nowhere", "/api/x"];
  for (const path of [...pages, "/styles.css", "/favicon.ico", "/%ff"]) {
    answers[path] = await ask(target, path);
  }
  const none = { headers: { Authorization: "" } };
  answers["a redirect"] = await ask(target, "/system", none);
  answers["no token"] = await ask(target, "/api/audit", none);
  answers["not changed"] = await ask(target, "/styles.css", {
    headers: { "If-None-Match": etag },
  });
  answers["another method"] = await ask(target, "/", { method: "DELETE" });
  answers["another site"] = await ask(target, "/logout", {
    method: "POST",
    headers: { "Sec-Fetch-Site": "cross-site" },
  });
  answers["too long"] = await ask(target, `/${"x".repeat(3_000)}`);
  const statuses = new Set(Object.values(answers).map(({ status }) => status));
  for (const status of [200, 303, 304, 400, 401, 403, 404, 405, 414]) {
    assert.ok(statuses.has(status), `an answer with ${status}`);
  }
  for (const [what, { headers }] of Object.entries(answers)) {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      assert.equal(headers.get(name), value, `${name} of ${what}`);
    }
    assert.equal(headers.get("server"), null, what);
    assert.equal(headers.get("x-powered-by"), null, what);
  }
}
