import assert from "node:assert/strict";
import { createApp } from "../../web/create_app.ts";
import { onlyOperators, withoutOperators } from "../../web/for_operators.ts";
import { type HttpHandler, serveHttp } from "../../web/serve_http.ts";
import type { Services } from "../../web/services.ts";
import { fakeServices } from "./fake_services.ts";

async function setUp(changes: Partial<Services>) {
  let steadyMs = 0;
  const base = await fakeServices(changes);
  const services = {
    ...base,
    clock: { ...base.clock, steadyMs: () => steadyMs },
  };
  const handler = createApp(() => services).handler();
  return {
    handler,
    async ask(path: string, hostname: string) {
      const response = await handler(new Request(`http://localhost${path}`), {
        remoteAddr: { transport: "tcp", hostname, port: 1 },
        completed: Promise.resolve(),
      });
      await response.body?.cancel();
      return response;
    },
    pass(ms: number) {
      steadyMs += ms;
    },
  };
}

Deno.test("one address may ask so often, others and this machine still may", async () => {
  const { ask, pass } = await setUp({ requestsPerSecond: 5 });
  const many = async (hostname: string, path = "/api/instruments") => {
    const all = [];
    for (let i = 0; i < 20; i++) all.push((await ask(path, hostname)).status);
    return all.filter((status) => status === 200).length;
  };
  assert.equal(await many("192.0.2.1"), 10);
  const refused = await ask("/", "192.0.2.1");
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.equal(await many("192.0.2.1", "/styles.css"), 20);
  assert.equal(await many("192.0.2.2"), 10);
  assert.equal(await many("127.0.0.1"), 20);
  pass(1_000);
  assert.equal(await many("192.0.2.1"), 5);
});

const who: HttpHandler = (_, info) =>
  Promise.resolve(
    new Response((info!.remoteAddr as Deno.NetAddr).hostname),
  );

Deno.test("a proxy on this machine says whom it asks for, and whether by TLS", async () => {
  const server = await serveHttp(who, { host: "127.0.0.1", port: 0 });
  const ask = async (headers: Record<string, string>) => {
    const response = await fetch(server.url, { headers });
    return {
      address: await response.text(),
      hsts: response.headers.get("strict-transport-security"),
    };
  };
  try {
    const cases: readonly [string, string][] = [
      ["192.0.2.7", "192.0.2.7"],
      ["spoofed, 192.0.2.7", "192.0.2.7"],
      ["192.0.2.6,2001:db8::1", "2001:db8::1"],
      ["<script>", "127.0.0.1"],
      ["", "127.0.0.1"],
      [`192.0.2.7${" ".repeat(9)}x`, "127.0.0.1"],
    ];
    for (const [forwarded, address] of cases) {
      const answer = await ask({ "X-Forwarded-For": forwarded });
      assert.equal(answer.address, address, forwarded);
      assert.equal(answer.hsts, null);
    }
    const tls = await ask({ "X-Forwarded-Proto": "https" });
    assert.equal(tls.hsts, "max-age=31536000");
  } finally {
    await server.close();
  }
});

Deno.test("those who watch the program have a port of their own", async () => {
  const { handler } = await setUp({});
  const status = async (handler: HttpHandler, path: string) => {
    const response = await handler(new Request(`http://localhost${path}`));
    await response.body?.cancel();
    return response.status;
  };
  for (const path of ["/metrics", "/healthz", "/healthz/", "//metrics"]) {
    assert.equal(await status(onlyOperators(handler), path), 200, path);
    assert.equal(await status(withoutOperators(handler), path), 404, path);
  }
  for (const path of ["/livez", "/readyz", "/api/audit"]) {
    assert.equal(await status(onlyOperators(handler), path), 200, path);
    assert.equal(await status(withoutOperators(handler), path), 200, path);
  }
  for (const path of ["/", "/api/instruments", "/styles.css", "/%6detrics"]) {
    assert.equal(await status(onlyOperators(handler), path), 404, path);
  }
  assert.notEqual(await status(withoutOperators(handler), "/%6detrics"), 200);
});
