import assert from "node:assert/strict";
import type { RejectReason } from "../../pipeline/domain/tick.ts";
import type { QuarantineId } from "../../pipeline/domain/quarantine_id.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import type {
  QuarantinedRow,
  QuarantineQuery,
  ReadmitResult,
} from "../../pipeline/ports.ts";
import { createApp } from "../../web/create_app.ts";
import { fakeServices, NOW } from "./fake_services.ts";

function row(index: number, reason: RejectReason, raw = "{}"): QuarantinedRow {
  return {
    id: { p: 1, incarnation: "a1", id: "17-0", index },
    key: { feed: "nse", epoch: 2 },
    delivery: "acked",
    receivedAt: epochMicros(NOW + index),
    reject: {
      seq: index,
      line: 9,
      reason,
      detail: "it was wrong",
      symbol: "NIFTY50",
      ts: NOW,
      raw,
    },
    readmitted: false,
    held: false,
  };
}

async function setUp(
  rows: readonly QuarantinedRow[],
  result: Partial<ReadmitResult> = {},
) {
  const queries: QuarantineQuery[] = [];
  const asked: QuarantineId[][] = [];
  const services = await fakeServices({
    quarantine: {
      store: {
        find: (query) => {
          queries.push(query);
          const { after, limit } = query;
          return Promise.resolve(
            rows.filter(({ receivedAt }) =>
              !after || receivedAt > after.receivedAt
            ).slice(0, limit),
          );
        },
        get: () => Promise.reject(new Error("not in this test")),
        samples: () => Promise.reject(new Error("not in this test")),
        counts: () => Promise.resolve({ out_of_band: 3 }),
        readmittedThrough: () => Promise.resolve(0),
      },
      desk: {
        readmit: (ids) => {
          asked.push([...ids]);
          return Promise.resolve({
            readmitted: ids,
            refused: [],
            pending: [],
            ...result,
          });
        },
      },
    },
  });
  const handler = createApp(() => services).handler();
  const get = (path: string) =>
    handler(new Request(`http://localhost/api/quarantine${path}`));
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    handler(
      new Request("http://localhost/api/quarantine/readmit", {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    );
  return { queries, asked, get, post, handler };
}

Deno.test("/api/quarantine gives rows page by page, and what is in there", async () => {
  const { get, queries } = await setUp([
    row(0, "out_of_band"),
    row(1, "out_of_band"),
    row(2, "too_late"),
  ]);
  const first = await (await get("?limit=2&reason=out_of_band")).json();
  assert.deepEqual(first.rows[0], {
    id: "1:a1:17-0:0",
    feed: "nse",
    epoch: 2,
    received_at: Math.floor(NOW / 1_000),
    seq: 0,
    line: 9,
    reason: "out_of_band",
    detail: "it was wrong",
    symbol: "NIFTY50",
    ts: Math.floor(NOW / 1_000),
    raw: "{}",
    readmitted: false,
  });
  assert.deepEqual(first.counts, { out_of_band: 3 });
  assert.equal(queries[0].reason, "out_of_band");
  const second = await get(`?limit=2&cursor=${encodeURIComponent(first.next)}`);
  const body = await second.json();
  assert.deepEqual(
    body.rows.map(({ id }: { id: string }) => id),
    ["1:a1:17-0:2"],
  );
  assert.equal(body.next, null);
});

Deno.test("/api/quarantine gives lines as text that nothing runs", async () => {
  const raw = `=cmd|' /C calc'!A0,"<script>`;
  const { get } = await setUp([row(0, "schema", raw)]);
  const json = await get("");
  assert.equal(json.headers.get("content-type"), "application/json");
  assert.equal((await json.json()).rows[0].raw, raw);
  const csv = await get("?format=csv");
  const [, line] = (await csv.text()).split("\r\n");
  assert.ok(line.includes(`"'=cmd|' /C calc'!A0,""<script>"`), line);
  const lines = (await (await get("?format=ndjson")).text()).trim().split("\n");
  assert.equal(JSON.parse(lines[0]).raw, raw);
});

Deno.test("/api/quarantine refuses what it does not know", async () => {
  const { get } = await setUp([]);
  for (
    const query of [
      "?reason=bad",
      "?limit=5000",
      "?cursor=5",
      "?readmitted=yes",
      "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
    ]
  ) {
    const response = await get(query);
    assert.equal(response.status, 400, query);
    await response.body?.cancel();
  }
});

Deno.test("POST /api/quarantine/readmit takes back the rows it names", async () => {
  const { post, asked } = await setUp([]);
  const response = await post({ ids: ["1:a1:17-0:4", "0:a1:3-0:0"] });
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), {
    readmitted: ["1:a1:17-0:4", "0:a1:3-0:0"],
    refused: [],
    pending: [],
    next: null,
  });
  assert.deepEqual(asked[0][0], {
    p: 1,
    incarnation: "a1",
    id: "17-0",
    index: 4,
  });
});

Deno.test("POST /api/quarantine/readmit takes back what a filter finds", async () => {
  const { post, asked, queries } = await setUp([
    row(0, "too_late"),
    row(1, "too_late"),
  ]);
  const response = await post({ reason: "too_late", limit: 1 });
  const { next, readmitted } = await response.json();
  assert.deepEqual(readmitted, ["1:a1:17-0:0"]);
  assert.equal(queries[0].readmitted, false);
  assert.equal(queries[0].reason, "too_late");
  await (await post({ reason: "too_late", cursor: next })).body?.cancel();
  assert.deepEqual(asked[1].map(({ index }) => index), [1]);
});

Deno.test("POST /api/quarantine/readmit says 202 while something is under way", async () => {
  const id = { p: 0, incarnation: "a", id: "1-0", index: 0 };
  const { post } = await setUp([], { readmitted: [], pending: [id] });
  const response = await post({ ids: ["0:a:1-0:0"] });
  assert.equal(response.status, 202);
  assert.deepEqual((await response.json()).pending, ["0:a:1-0:0"]);
});

Deno.test("POST /api/quarantine/readmit refuses other sites and other content", async () => {
  const { post, asked, handler } = await setUp([]);
  const status = async (answer: Promise<Response>) => {
    const response = await answer;
    await response.body?.cancel();
    return response.status;
  };
  const ids = ["0:a:1-0:0"];
  for (const site of ["cross-site", "same-site"]) {
    assert.equal(await status(post({ ids }, { "Sec-Fetch-Site": site })), 403);
  }
  for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
    assert.equal(await status(post({ ids }, { "Content-Type": type })), 415);
  }
  for (
    const body of [
      "{",
      "[]",
      { ids: [] },
      { ids: "x" },
      { ids: ["x"] },
      { ids: [5] },
      { ids, more: 1 },
      { ids: Array(1_001).fill(ids[0]) },
      { reason: "bad" },
      { reason: "too_late", unknown: 1 },
      { symbol: "NIFTY50" },
    ]
  ) assert.equal(await status(post(body)), 400, JSON.stringify(body));
  assert.deepEqual(asked, []);
  assert.equal(await status(post({ ids }, { "Sec-Fetch-Site": "none" })), 200);
  const path = "http://localhost/api/quarantine/readmit";
  assert.equal(await status(handler(new Request(path))), 405);
});

Deno.test("without a buffer the quarantine says that it is elsewhere", async () => {
  const services = await fakeServices();
  const handler = createApp(() => services).handler();
  const response = await handler(
    new Request("http://localhost/api/quarantine"),
  );
  assert.equal(response.status, 503);
  await response.body?.cancel();
});
