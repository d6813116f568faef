import assert from "node:assert/strict";
import { quarantine } from "../../tasks/quarantine.ts";
import { OptionsError } from "../../tasks/task_options.ts";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../harness/program.ts";

const TOKEN = "a-token-for-this-test-alone";
/** A Saturday, on which the NSE is closed. */
const SATURDAY = Date.parse("2024-05-11T05:00:00Z");
const LINES = [
  `{"symbol":"NIFTY50","ts":${SATURDAY},"price":22055.2,"volume":3}`,
  `{"symbol":"NIFTY50","ts":${SATURDAY + 1_000},"price":22054.15,"volume":1}`,
  `{"symbol":"NIFTY50","ts":${SATURDAY + 2_000},"price":-1,"volume":1}`,
];

async function run(program: Program, ...args: readonly string[]) {
  const said: string[] = [];
  const result = await quarantine(
    [...args, "--url", program.http],
    { API_TOKEN: TOKEN },
    { signal: new AbortController().signal, say: (text) => said.push(text) },
  );
  return { result, said };
}

const ask = (program: Program, path: string) =>
  getJson(program, path, { headers: { Authorization: `Bearer ${TOKEN}` } });

Deno.test("rejected lines are listed, exported and taken back, for good", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-quarantine-" });
  const env = {
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    FEEDS: "listen://127.0.0.1:0",
    ROLES: "feed,aggregate,web",
    API_TOKEN: TOKEN,
  };
  let program = await startProgram(env);
  try {
    const [hostname, port] = program.feeds[0].split(":");
    const feed = await Deno.connect({ hostname, port: Number(port) });
    await feed.write(new TextEncoder().encode(LINES.join("\n") + "\n"));
    feed.close();
    await until(
      "the lines to be in quarantine",
      () => ask(program, "/api/quarantine"),
      ({ rows }) => rows.length === 3,
    );

    const { result: listed } = await run(program, "list");
    assert.match(String(listed), /2 {2}closed_session\n +1 {2}price_not_pos/);
    const { result: csv } = await run(program, "export", "--format", "csv");
    assert.equal(String(csv).trimEnd().split("\r\n").length, 4);
    const closed = ["--reason", "closed_session", "--symbol", "NIFTY50"];
    const { result: lines } = await run(program, "export", ...closed);
    assert.deepEqual(
      String(lines).trimEnd().split("\n").map((line) => JSON.parse(line).raw),
      LINES.slice(0, 2),
    );

    const dry = await run(program, "readmit", ...closed);
    assert.deepEqual(dry.result, { report: { found: 2 }, ok: true });
    const done = await run(program, "readmit", ...closed, "--yes");
    assert.deepEqual(done.result, {
      report: { found: 2, readmitted: 2, refused: 0, pending: 0 },
      ok: true,
    });
    const again = await run(program, "readmit", ...closed, "--yes");
    assert.deepEqual(again.result, {
      report: { found: 0, readmitted: 0, refused: 0, pending: 0 },
      ok: true,
    });
    const bad = ["--reason", "price_not_positive", "--yes"];
    const { said } = await run(program, "readmit", ...bad);
    assert.match(said[0], /holds no tick that can be used/);

    const candles = `/api/candles?symbol=NIFTY50&from=${SATURDAY}&to=${
      SATURDAY + 60_000
    }`;
    const expected = { o: 22055.2, h: 22055.2, l: 22054.15, c: 22054.15, n: 2 };
    const check = async () => {
      const [{ o, h, l, c, n }] = (await ask(program, candles)).candles;
      assert.deepEqual({ o, h, l, c, n }, expected);
      const audit = await ask(program, "/api/audit?full=1");
      assert.equal(audit.ticks_unaccounted, 0);
      const [{ received, accepted, rejected }] = audit.feeds;
      assert.deepEqual([received, accepted, rejected], [3, 2, 1]);
    };
    await check();
    await program.kill();
    program = await startProgram(env);
    await check();
  } finally {
    await program.kill();
    await Deno.remove(dataDir, { recursive: true });
  }
});

Deno.test("the quarantine's task says what is wrong with its command line", async () => {
  const context = { signal: new AbortController().signal, say: () => {} };
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /Cannot do nothing as it must be list, export or readmit/],
    [["drop"], /Cannot do drop/],
    [["list", "more"], /Cannot use more/],
    [["readmit"], /without --reason/],
    [["list", "--reason", "x"], /must be one of not_json/],
    [
      ["list", "--url", "ftp://x"],
      /must be http:\/\/ or https:\/\/ and a host/,
    ],
  ];
  for (const [args, message] of cases) {
    await assert.rejects(
      quarantine(args, {}, context),
      (error) => error instanceof OptionsError && message.test(error.message),
    );
  }
  assert.match(String(await quarantine(["--help"], {}, context)), /readmit/);
});
