import assert from "node:assert/strict";
import { parquetReadObjects } from "hyparquet";
import { exportRows } from "../../tasks/export.ts";
import { OptionsError } from "../../tasks/task_options.ts";
import { createApp } from "../../web/create_app.ts";
import { fakeServices } from "../web/fake_services.ts";

const TOKEN = "a-token-for-this-test-alone";

/** The task on a program, in small pages, with a folder of its own. */
async function setUp() {
  const services = await fakeServices({ apiToken: TOKEN });
  const handler = createApp(() => services).handler();
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, info) => handler(request, info),
  );
  const folder = await Deno.makeTempDir({ prefix: "tickhouse-export-" });
  const written: Uint8Array[] = [];
  const said: string[] = [];
  const run = (args: readonly string[], terminal = false) =>
    exportRows(
      ["--url", `http://127.0.0.1:${server.addr.port}`, ...args],
      { API_TOKEN: TOKEN },
      {
        signal: new AbortController().signal,
        say: (text) => said.push(text),
      },
      {
        page: 4,
        stdout: {
          write: (bytes) => {
            // Pipes take a part at a time.
            const part = bytes.slice(0, 100);
            written.push(part);
            return Promise.resolve(part.length);
          },
          isTerminal: () => terminal,
        },
      },
    );
  return {
    run,
    said,
    folder,
    stdout: () => new Blob(written.map((part) => part.slice())).text(),
    async api(query: string, what = "candles") {
      const url = `http://localhost/api/${what}?symbol=NIFTY50${query}`;
      return await (await handler(new Request(url, { headers }))).text();
    },
    async close() {
      await server.shutdown();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const SYMBOL = ["--symbol", "NIFTY50"];

Deno.test("export writes what the API gives, page by page, in every format", async () => {
  const { run, api, stdout, said, folder, close } = await setUp();
  try {
    await run(SYMBOL);
    assert.equal(await stdout(), await api("&format=csv"));
    assert.equal(JSON.parse(said.at(-1)!).candles, 10);

    const lines = `${folder}/candles.ndjson`;
    const result = await run([...SYMBOL, "--out", lines]);
    assert.equal(await Deno.readTextFile(lines), await api("&format=ndjson"));
    assert(typeof result !== "string" && result.ok);
    const { bytes, format, file } = result.report as Record<string, unknown>;
    assert.deepEqual(
      [bytes, format, file],
      [(await Deno.stat(lines)).size, "ndjson", lines],
    );

    const parquet = `${folder}/candles.parquet`;
    await run([...SYMBOL, "--out", parquet]);
    const { buffer } = await Deno.readFile(parquet);
    const rows = await parquetReadObjects({ file: buffer });
    assert.deepEqual(
      rows.map(({ t, synthetic: _, ...row }) => ({ t: t.getTime(), ...row })),
      JSON.parse(await api("")).candles,
    );
    assert.deepEqual(
      [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
      ["candles.ndjson", "candles.parquet"],
    );
  } finally {
    await close();
  }
});

Deno.test("export writes forecasts and signals as the API gives them", async () => {
  const { run, api, stdout, said, folder, close } = await setUp();
  try {
    await run([...SYMBOL, "--what", "signals"]);
    assert.equal(await stdout(), await api("&format=csv", "signals"));
    assert.equal(JSON.parse(said.at(-1)!).signals, 1);

    const lines = `${folder}/forecasts.ndjson`;
    const forecasts = [...SYMBOL, "--what", "forecasts"];
    await run([...forecasts, "--out", lines]);
    assert.equal(
      await Deno.readTextFile(lines),
      await api("&format=ndjson", "forecasts"),
    );
    const parquet = `${folder}/forecasts.parquet`;
    await run([...forecasts, "--out", parquet]);
    const { buffer } = await Deno.readFile(parquet);
    const rows = await parquetReadObjects({ file: buffer });
    const { forecasts: told } = JSON.parse(await api("", "forecasts"));
    assert.deepEqual(
      rows.map(({ t, c, order_p }) => [t.getTime(), c, order_p]),
      told.map((
        { t, c, order }: { t: number; c: number; order: number[] },
      ) => [t, c, order[0]]),
    );

    const none = [...forecasts, "--model", "nobody", "--out", lines];
    const result = await run([...none, "--overwrite"]);
    assert(typeof result !== "string");
    assert.equal((result.report as Record<string, unknown>).forecasts, 0);
  } finally {
    await close();
  }
});

Deno.test("export leaves files alone, and none behind that is not whole", async () => {
  const { run, folder, close } = await setUp();
  try {
    const file = `${folder}/mine.csv`;
    await Deno.writeTextFile(file, "mine");
    await assert.rejects(
      run([...SYMBOL, "--out", file]),
      /Cannot write .*mine.csv as it exists; --overwrite replaces it/,
    );
    assert.equal(await Deno.readTextFile(file), "mine");
    await assert.rejects(
      run(["--symbol", "NOBODY", "--out", file, "--overwrite"]),
      /404.*NOBODY.*must be one of/,
    );
    assert.equal(await Deno.readTextFile(file), "mine");
    await run([...SYMBOL, "--out", file, "--overwrite"]);
    assert.match(await Deno.readTextFile(file), /^t,o,h,l,c,v,/);
    await assert.rejects(
      run([...SYMBOL, "--out", `${folder}/no/such/folder.csv`]),
      /Cannot write/,
    );
    assert.deepEqual([...Deno.readDirSync(folder)].length, 1);
  } finally {
    await close();
  }
});

Deno.test("export says what is wrong with its command line", async () => {
  const { run, close } = await setUp();
  try {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /Cannot export without --symbol/],
      [[...SYMBOL, "more"], /Cannot use more/],
      [[...SYMBOL, "--interval", "7m"], /--interval "7m" as it must be one of/],
      [[...SYMBOL, "--format", "xls"], /--format "xls" as it must be one of/],
      [[...SYMBOL, "--what", "ticks"], /--what "ticks" as it must be one of/],
      [
        [...SYMBOL, "--what", "signals", "--interval", "5m"],
        /Only candles have --interval/,
      ],
      [[...SYMBOL, "--model", "x"], /Only forecasts have --model/],
      [[...SYMBOL, "--from", "soon"], /--from "soon" as it must be Unix/],
    ];
    for (const [args, message] of cases) {
      await assert.rejects(
        run(args),
        (error) => error instanceof OptionsError && message.test(error.message),
        args.join(" "),
      );
    }
    await assert.rejects(
      run([...SYMBOL, "--format", "parquet"], true),
      /Cannot write Parquet to a terminal/,
    );
    assert.match(String(await run(["--help"])), /--format FORMAT/);
  } finally {
    await close();
  }
});
