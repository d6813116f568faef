/** The pages under `deno serve`, beside the full program on one warehouse. */
import assert from "node:assert/strict";
import { parseConfig } from "../../pipeline/config.ts";
import { edgeEnvironment } from "../../program/edge_environment.ts";
import { edgeFlags } from "../../tasks/narrowest_flags.ts";
import { OPERATIONS } from "../../web/operations.ts";
import { EventReader } from "../harness/event_reader.ts";
import {
  buildEdge,
  type Edge,
  startEdge,
  useBuiltBundle,
} from "../harness/edge.ts";
import { freePort } from "../harness/free_port.ts";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../harness/program.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { findRedis, startRedis } from "../harness/servers/redis_server.ts";
import { startRelay } from "../harness/servers/websocket_relay.ts";

const SYMBOL = "EDGE.A";
const START_MS = Date.parse("2024-05-06T09:00:00Z");
const MINUTE_MS = 60_000;
const MINUTES = 90;
const RANGE = `from=${START_MS}&to=${START_MS + 60 * MINUTE_MS}`;
const ALL = `symbol=${SYMBOL}&resolution=1&from=0&to=9999999999`;

/** What both must answer alike, to the byte. */
const SAME = [
  `/api/candles?symbol=${SYMBOL}&${RANGE}`,
  `/api/candles?symbol=${SYMBOL}&${RANGE}&format=csv`,
  `/api/candles?symbol=${SYMBOL}&${RANGE}&format=parquet`,
  `/api/candles?symbol=${SYMBOL}&${RANGE}&interval=5m&fill=prev`,
  `/api/candles?symbol=${SYMBOL}&${RANGE}&interval=5s&limit=20`,
  `/api/candles?symbol=${SYMBOL}`,
  "/api/candles?symbol=NOBODY",
  "/api/candles?symbol=",
  "/api/instruments",
  `/api/calendar?symbol=${SYMBOL}`,
  `/api/revisions?symbol=${SYMBOL}`,
  "/api/forecasts",
  "/api/signals",
  `/api/reliability?symbol=${SYMBOL}&model=random-walk`,
  `/api/gaps?symbol=${SYMBOL}`,
  `/api/quality?symbol=${SYMBOL}&day=2024-05-06`,
  "/api/quarantine",
  "/api/audit?full=1",
  `/api/rebuild?symbol=${SYMBOL}&${RANGE}`,
  "/udf/config",
  `/udf/symbols?symbol=${SYMBOL}`,
  "/udf/search?query=edge",
  `/udf/history?${ALL}&countback=9`,
  `/udf/marks?${ALL}`,
  `/udf/timescale_marks?${ALL}`,
  `/udf/quotes?symbols=${SYMBOL}`,
  "/openapi.json",
  "/livez",
  "/settings",
  "/alerts",
  "/docs",
  "/nothing-here",
] as const;
/** What tells of the process that answers, or of this second. */
const ALIKE = [
  "/",
  `/instruments/${SYMBOL}`,
  "/instruments",
  "/system",
  "/login",
  "/api/models",
  "/api/system",
  "/healthz",
  "/readyz",
  "/metrics",
  "/udf/time",
] as const;

serverTest(
  "pages under `deno serve` are those of the program",
  { "redis-server": findRedis, PostgreSQL: findPostgres },
  async (t) => {
    const [redis, postgres] = await Promise.all([
      startRedis(),
      startPostgres(),
      buildEdge(),
    ]);
    const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-edge-" });
    const port = freePort();
    const stores = {
      REDIS_URL: redis.url,
      DATABASE_URL: await postgres.createDatabase(),
      PARTITIONS: "2",
    };
    await useBuiltBundle(dataDir);
    let program: Program | null = null;
    let edge: Edge | null = null;
    let source: Deno.TcpConn | null = null;
    try {
      const full = program = await startProgram({
        ...stores,
        DATA_DIR: dataDir,
        HTTP_PORT: "0",
        FEEDS: `listen://127.0.0.1:${port}`,
        NODE_NAME: "full",
      });
      source = await Deno.connect({ hostname: "127.0.0.1", port });
      await send(source, 0, MINUTES);
      await source.write(new TextEncoder().encode("no tick\n"));
      await until(
        "the history",
        () => getJson(full, `/api/candles?symbol=${SYMBOL}`),
        ({ candles }) => candles.length === MINUTES,
      );
      const settings = { ...stores, NODE_NAME: "edge", HTTP_HOST: "127.0.0.1" };
      const served = edge = await startEdge(settings);

      await t.step("every route is asked", () => {
        const asked = [...SAME, ...ALIKE, "/api/stream"].map((path) =>
          path.split("?")[0]
        );
        const left = OPERATIONS.filter(({ method, path }) =>
          method === "GET" && !asked.includes(path)
        ).map(({ path }) => path);
        assert.deepEqual(left, []);
      });
      for (const path of SAME) {
        await t.step(path, async () => {
          await until(
            "the same answer",
            async () => [await ask(full, path), await ask(served, path)],
            ([one, other]) => one === other,
          );
        });
      }
      for (const path of ALIKE) {
        await t.step(`${path}, in kind`, async () => {
          await until(
            "an answer of the same kind",
            async () => [await kind(full, path), await kind(served, path)],
            ([one, other]) => one === other,
          );
        });
      }
      await t.step("the islands' code and static files", async () => {
        const html = await (await fetch(`${full.http}/instruments/${SYMBOL}`))
          .text();
        const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)]
          .map(([, path]) => path.replaceAll("&amp;", "&"))
          .filter((path) => /\.\w{2,5}(\?|$)/.test(path));
        assert.ok(files.some((path) => /\.js(\?|$)/.test(path)), String(files));
        for (const path of files) {
          const [one, other] = [await ask(full, path), await ask(served, path)];
          assert.equal(one, other, path);
          assert.match(one, /^200 .*immutable/, path);
        }
      });
      await t.step("live events, from a snapshot on", async () => {
        const reader = new EventReader(
          await fetch(`${served.http}/api/stream?symbols=${SYMBOL}`),
        );
        const snapshot = await reader.next();
        assert.equal(snapshot?.event, "snapshot");
        const [{ closed, forming }] = snapshot.data.symbols[0].candles;
        assert.equal(
          (forming ?? closed.at(-1)).t,
          START_MS + (MINUTES - 1) * MINUTE_MS,
        );
        await send(source!, MINUTES, MINUTES + 1);
        for (let t = 0; t !== START_MS + MINUTES * MINUTE_MS;) {
          const message = await reader.next();
          assert.ok(message !== null, "the stream goes on");
          const { event, data } = message;
          if (event === "candle") t = data.candle.t;
          // Who may have missed something gets another snapshot.
          if (event === "snapshot") {
            t = data.symbols[0].candles[0].forming?.t ?? t;
          }
        }
        await reader.leave();
      });
      await t.step("the sources serve the same as what was built", async () => {
        const sources = await startEdge(settings, "edge.ts");
        try {
          for (const path of ["/api/instruments", "/settings"]) {
            // What is down is not known yet in the first moment.
            await until(
              `the same ${path}`,
              async () => [await ask(sources, path), await ask(served, path)],
              ([one, other]) => one === other,
            );
          }
        } finally {
          await sources.stop();
        }
      });
      await t.step(
        "PostgreSQL over a WebSocket, and nothing else",
        async () => {
          const { host } = new URL(stores.DATABASE_URL);
          const relay = startRelay({ [host]: postgres.port });
          const env = {
            ...settings,
            NODE_NAME: "relayed",
            DATABASE_WS_URL: relay.url,
          };
          const hosts = [redis.url, relay.url].map((url) => new URL(url).host);
          const flags = edgeFlags(
            parseConfig(edgeEnvironment(env)),
            env,
            "_build/edge.js",
          );
          assert.ok(flags.includes(`--allow-net=${hosts}`), String(flags));
          const relayed = await startEdge(env);
          try {
            for (const path of SAME) {
              await until(
                `the same ${path}`,
                async () => [await ask(full, path), await ask(relayed, path)],
                ([one, other]) => one === other,
              );
            }
            for (const path of ALIKE) {
              await until(
                `an answer of the same kind, ${path}`,
                async () => [await kind(full, path), await kind(relayed, path)],
                ([one, other]) => one === other,
              );
            }
            const [path] = SAME;
            await relay.stop();
            await until(
              "an error in words",
              () => fetch(relayed.http + path).then((answer) => answer.json()),
              ({ status, detail }) =>
                status === 503 && /warehouse/i.test(detail ?? ""),
            );
            relay.start();
            await until(
              "answers again",
              async () => [await ask(full, path), await ask(relayed, path)],
              ([one, other]) => one === other,
            );
          } finally {
            await relayed.stop();
            await relay.stop();
          }
        },
      );
      await t.step("it makes no tables", async () => {
        const DATABASE_URL = await postgres.createDatabase();
        await assert.rejects(
          startEdge({ ...settings, DATABASE_URL }),
          /must not make them/,
        );
      });
      await t.step("it ends when it is told to", async () => {
        assert.equal((await served.stop()).code, 0, served.log.join(""));
      });
    } finally {
      source?.close();
      await edge?.stop();
      await program?.kill();
      await Promise.all([redis.close(), postgres.close()]);
      await Deno.remove(dataDir, { recursive: true });
    }
  },
);

async function send(
  to: Deno.TcpConn,
  from: number,
  end: number,
): Promise<void> {
  for (let minute = from; minute < end; minute++) {
    const ts = START_MS + minute * MINUTE_MS;
    const price = (100 + 3 * Math.sin(minute / 9)).toFixed(2);
    const line = JSON.stringify({ symbol: SYMBOL, ts, price, volume: 1 });
    const bytes = new TextEncoder().encode(line + "\n");
    for (let at = 0; at < bytes.length;) {
      at += await to.write(bytes.subarray(at));
    }
  }
}

/** Status, headers that matter to caches and readers, and the bytes. */
async function ask({ http }: { readonly http: string }, path: string) {
  const response = await fetch(http + path, { redirect: "manual" });
  const bytes = comparable(
    new Uint8Array(await response.arrayBuffer()),
    response.headers.get("content-type") ?? "",
    new URL(http).host,
  );
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const headers = ["cache-control", "content-type", "link", "location"]
    .map((name) => response.headers.get(name));
  const policy = response.headers.get("content-security-policy")?.length;
  return [
    response.status,
    ...headers,
    policy,
    new Uint8Array(digest).toHex(),
    new TextDecoder().decode(bytes.subarray(0, 400)),
  ].join(" ");
}

/** The same without what is told: members of JSON, a page's title. */
async function kind({ http }: { readonly http: string }, path: string) {
  const response = await fetch(http + path, { redirect: "manual" });
  const text = await response.text();
  const type = response.headers.get("content-type") ?? "";
  const shape = type.includes("json")
    ? Object.keys(JSON.parse(text)).sort().join()
    : /<title>[^<]*/.exec(text)?.[0] ?? "";
  return [
    response.status,
    type,
    response.headers.get("cache-control"),
    shape,
  ].join(" ");
}

/**
 * The same without what differs between two answers that say the same: examples
 * in texts name the address that was asked, and positions go on with each mark,
 * between one answer and the other.
 */
function comparable(
  bytes: Uint8Array<ArrayBuffer>,
  type: string,
  host: string,
): Uint8Array<ArrayBuffer> {
  if (!/^text|json/.test(type)) return bytes;
  const text = new TextDecoder().decode(bytes);
  return new TextEncoder().encode(
    text.replaceAll(host, "HOST")
      .replaceAll(/"position":"\d+-\d+"/g, '"position":"ID"'),
  );
}
