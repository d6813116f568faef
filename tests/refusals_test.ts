import assert from "node:assert/strict";
import { join } from "node:path";
import { ProgramEndedError, startProgram } from "./harness/program.ts";

/** What the program wrote before it ended, which it must; and the exit code. */
async function refusal(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly said: string }> {
  try {
    const program = await startProgram(env);
    await program.kill();
  } catch (error) {
    if (!(error instanceof ProgramEndedError)) throw error;
    const lines = error.written.split("\n");
    const said = lines.filter((line) => line && !line.startsWith("{"));
    return { code: error.code, said: said.join("\n") };
  }
  assert.fail("it started");
}

Deno.test("what keeps the program from starting is said on one line", async (t) => {
  const dir = await Deno.makeTempDir({ prefix: "tickhouse-refusals-" });
  const busy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken = `127.0.0.1:${busy.addr.port}`;
  const env = {
    DATA_DIR: join(dir, "data"),
    HTTP_PORT: "0",
    FEEDS: "listen://127.0.0.1:0",
  };
  try {
    await t.step("the dashboard's port is taken", async () => {
      const HTTP_PORT = String(busy.addr.port);
      assert.deepEqual(await refusal({ ...env, HTTP_PORT }), {
        code: 2,
        said: `Cannot serve on ${taken} as it must be a free port, and ` +
          "another program uses it",
      });
    });
    await t.step("a feed's port is taken", async () => {
      const FEEDS = `listen://${taken}`;
      assert.deepEqual(await refusal({ ...env, FEEDS }), {
        code: 2,
        said: `Cannot listen for feeds on ${taken} as it must be a free ` +
          "port, and another program uses it",
      });
    });
    await t.step("the data folder is a file", async () => {
      const DATA_DIR = join(dir, "file");
      await Deno.writeTextFile(DATA_DIR, "");
      assert.deepEqual(await refusal({ ...env, DATA_DIR }), {
        code: 2,
        said: `Cannot use the data folder ${DATA_DIR} as it must be a ` +
          "folder, and a file is there",
      });
    });
  } finally {
    busy.close();
    await Deno.remove(dir, { recursive: true });
  }
});
