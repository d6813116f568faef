/**
 * The HTTP surface of the whole program: what it answers is what it says.
 */
import assert from "node:assert/strict";
import type { z } from "zod";
import { problem, udfError } from "../../web/answers/problem.ts";
import { streamEvents } from "../../web/answers/stream.ts";
import { apiDoc } from "../../web/api_doc.ts";
import { openApi } from "../../web/openapi.ts";
import { type Operation, OPERATIONS } from "../../web/operations.ts";
import { EventReader } from "../harness/event_reader.ts";
import {
  ask,
  getJson,
  type Program,
  startProgram,
  until,
} from "../harness/program.ts";

const SYMBOL = "OURS";
const MINUTE_MS = 60_000;
/** Forecasts come with a minute, which one misses on a machine that stands still. */
const HISTORY_MS_MAX = 5 * MINUTE_MS;

Deno.test("the program answers what its description says", async (t) => {
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-surface-" });
  const program = await startProgram({
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    SIMULATE: "off",
    FEEDS: "listen://127.0.0.1:0",
  });
  const source = await feed(program);
  try {
    await makeHistory(program, source);
    await t.step("every answer is of its schema, strictly", async () => {
      for (const operation of OPERATIONS as readonly Operation[]) {
        if (operation.answer !== null) await checkOperation(program, operation);
      }
    });
    await t.step(
      "every example of its page works",
      () => checkExamples(program),
    );
    await t.step(
      "every request that docs/ecosystem.md shows works",
      () => checkDocumented(program),
    );
    await t.step(
      "every event of the stream is of its schema",
      () => checkStream(program),
    );
    await t.step("errors are of their schema", () => checkErrors(program));
  } finally {
    source.stop();
    await program.kill();
    await Deno.remove(dataDir, { recursive: true });
  }
});

/** A source of ticks of our own, with a price each minute before. */
async function feed(program: Program): Promise<Source> {
  const [hostname, port] = program.feeds[0].split(":");
  const connect = () => Deno.connect({ hostname, port: Number(port) });
  const send = async (to: Deno.TcpConn, ...lines: readonly object[]) => {
    const text = lines.map((line) => JSON.stringify(line) + "\n").join("");
    await to.write(new TextEncoder().encode(text));
  };
  const now = Date.now();
  const wave = (i: number) => 100 + 3 * Math.sin(i / 9) + Math.sin(i * i);
  const history = await connect();
  for (let i = 300; i > 0; i--) {
    const ts = now - i * MINUTE_MS;
    await send(history, tickAt(ts, wave(i)));
  }
  await send(history, { ...tickAt(now, 1), price: -1 });
  history.close();
  await until(
    "the history",
    () => getJson(program, `/api/candles?symbol=${SYMBOL}`),
    ({ candles }) => candles.length >= 300,
  );
  const live = await connect();
  let i = 0;
  const beat = setInterval(
    () => send(live, tickAt(Date.now(), wave(i++))).catch(() => {}),
    500,
  );
  return {
    late: () => send(live, tickAt(now - 5 * MINUTE_MS, 101)),
    stop() {
      clearInterval(beat);
      live.close();
    },
  };
}

interface Source {
  /** Sends a tick that revises a minute. */
  late(): Promise<void>;
  stop(): void;
}

function tickAt(ts: number, price: number) {
  return { symbol: SYMBOL, ts, price: price.toFixed(2), volume: 1 };
}

/** Until there is something of everything to be told. */
async function makeHistory(program: Program, source: Source): Promise<void> {
  await source.late();
  for (const what of ["revisions", "forecasts", "signals"]) {
    await until(
      what,
      () => getJson(program, `/api/${what}?symbol=${SYMBOL}`),
      (answer) => answer[what].length > 0,
      HISTORY_MS_MAX,
    );
  }
}

/** Parameters of each path, some with several; the members that must be there. */
const ASKED: Readonly<
  Record<string, readonly (readonly [query: string, filled?: string])[]>
> = {
  "/api/candles": [
    [`symbol=${SYMBOL}`, "candles"],
    [`symbol=${SYMBOL}&interval=5s&limit=20`, "candles"],
    [`symbol=${SYMBOL}&interval=1h&fill=prev`, "candles"],
    [`symbol=${SYMBOL}&fill=null`, "candles"],
    [`symbol=${SYMBOL}&shape=array&limit=2`, "candles"],
  ],
  "/api/revisions": [[`symbol=${SYMBOL}`, "revisions"]],
  "/api/forecasts": [["", "forecasts"]],
  "/api/models": [["", "models"]],
  "/api/signals": [["", "signals"]],
  "/api/calendar": [[`symbol=${SYMBOL}`, "periods"]],
  // Of a day that is not only just beginning.
  "/api/quality": [[
    `symbol=${SYMBOL}&at=${Date.now() - 60 * MINUTE_MS}`,
    "spans",
  ]],
  "/api/reliability": [[`symbol=${SYMBOL}&model=random-walk`]],
  "/api/gaps": [[`symbol=${SYMBOL}`, "gaps"]],
  "/api/quarantine": [["", "rows"]],
  "/api/audit": [["", "partitions"], ["full=1", "feeds"]],
  "/api/instruments": [["", "instruments"]],
  "/api/rebuild": [[`symbol=${SYMBOL}&from=0&to=0`], [
    `symbol=${SYMBOL}&from=${Date.now() - 10 * MINUTE_MS}&to=${Date.now()}`,
  ]],
  "/udf/symbols": [[`symbol=${SYMBOL}`, "name"]],
  "/udf/search": [["query=our"]],
  "/udf/history": [
    [`symbol=${SYMBOL}&resolution=1&from=0&to=9999999999&countback=9`, "t"],
    [`symbol=${SYMBOL}&resolution=1&from=0&to=1`],
  ],
  "/udf/marks": [[`symbol=${SYMBOL}&resolution=1&from=0&to=9999999999`]],
  "/udf/timescale_marks": [
    [`symbol=${SYMBOL}&resolution=1&from=0&to=9999999999`],
  ],
  "/udf/quotes": [[`symbols=${SYMBOL},NOBODY`, "d"]],
};

async function checkOperation(
  program: Program,
  operation: Operation,
): Promise<void> {
  const { path, method } = operation;
  if (method === "POST") return await checkReadmission(program, operation);
  for (const [query, filled] of ASKED[path] ?? [[""]]) {
    const answer = await getJson(program, `${path}?${query}`);
    holds(operation, answer, `${path}?${query}`);
    if (filled === undefined) continue;
    assert.ok(answer[filled]?.length > 0, `${path}?${query} has ${filled}`);
  }
}

async function checkReadmission(
  program: Program,
  operation: Operation,
): Promise<void> {
  const { rows } = await getJson(program, "/api/quarantine");
  const response = await ask(program, operation.path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ids: [rows[0].id] }),
  });
  assert.ok(response.ok, String(response.status));
  const answer = await response.json();
  holds(operation, answer, operation.path);
  assert.equal(answer.refused.length, 1, "a price below 0 stays out");
}

function holds(
  { answer, variants = [] }: Operation,
  value: unknown,
  what: string,
): void {
  const wrong = [answer!, ...variants].map((schema: z.ZodType) =>
    schema.safeParse(value).error?.message
  );
  assert.ok(wrong.includes(undefined), `${what}: ${wrong[0]}`);
}

async function checkExamples(program: Program): Promise<void> {
  const { groups } = apiDoc(openApi(), {
    origin: program.http,
    symbol: SYMBOL,
  });
  const operations = groups.flatMap(({ operations }) => operations);
  assert.equal(operations.length, OPERATIONS.length);
  for (const { example } of operations) {
    const url = /http:[^' ]+/.exec(example)![0];
    const body = /-d '(.*)' /.exec(example)?.[1];
    const response = await ask(
      program,
      url.slice(program.http.length),
      body === undefined ? {} : {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body,
      },
    );
    assert.equal(response.status, 200, example);
    await response.body?.cancel();
  }
}

async function checkDocumented(program: Program): Promise<void> {
  const docs = new URL("../../docs/ecosystem.md", import.meta.url);
  const text = await Deno.readTextFile(docs);
  const urls = [...text.matchAll(/`curl [^`]*?'?(http:[^'` ]+)/g)]
    .map(([, url]) => url);
  assert.ok(urls.length > 8);
  for (const url of urls) {
    const { pathname, search } = new URL(url);
    const path = pathname + search.replace("NIFTY50", SYMBOL);
    const response = await ask(program, path);
    assert.equal(response.status, 200, path);
    await response.body?.cancel();
  }
}

async function checkStream(program: Program): Promise<void> {
  const query = `symbols=${SYMBOL}&interval=1m,5m`;
  const reader = new EventReader(
    await fetch(`${program.http}/api/stream?${query}`),
  );
  const seen = new Set<string>();
  while (!seen.has("candle")) {
    const { event, data } = (await reader.next())!;
    assert.ok(Object.hasOwn(streamEvents, event), event);
    streamEvents[event as keyof typeof streamEvents].parse(data);
    seen.add(event);
  }
  assert.deepEqual([...seen][0], "snapshot");
  await reader.leave();
}

async function checkErrors(program: Program): Promise<void> {
  for (
    const [path, status] of [
      ["/api/candles", 400],
      ["/api/candles?symbol=NOBODY", 404],
      ["/api/nothing", 404],
    ] as const
  ) {
    const response = await ask(program, path);
    assert.equal(response.status, status);
    problem.parse(await response.json());
  }
  const response = await fetch(`${program.http}/udf/history`);
  assert.equal(response.status, 400);
  udfError.parse(await response.json());
}
