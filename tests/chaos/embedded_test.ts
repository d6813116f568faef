/** Kills, pauses and a torn log, on the program that keeps everything itself. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ProgramEndedError, startProgram } from "../harness/program.ts";
import { runChaos } from "./run_chaos.ts";
import { PLAN, symbolName } from "./ticks.ts";
import { embeddedWorld } from "./world.ts";

const SYMBOLS = Array.from({ length: PLAN.symbols }, (_, i) => symbolName(i));
/** Of the embedded program as a whole, with room. */
const RSS_MB_MAX = 900;
const SEED = 10;
const TICKS = 200_000;

Deno.test("the embedded program loses nothing to kills, a pause and a torn log", async (t) => {
  const world = await embeddedWorld({ symbols: SYMBOLS });
  try {
    const report = await runChaos(world, {
      name: "embedded",
      seed: SEED,
      rssMbMax: RSS_MB_MAX,
      load: { ticksMax: TICKS, rate: 10_000 },
      async script({ faults, moving, apps: [app] }) {
        await faults.do("kill app");
        await moving();
        await faults.do("pause app");
        await moving();
        await app.kill();
        await tearLog(world.dataDir);
        await app.start();
        await moving();
      },
    });
    assert.deepEqual(report.failures, []);
    assert(report.acked > 10_000, JSON.stringify(report));
    await t.step("a second process on its folder ends with 73", async () => {
      const second = startProgram({
        DATA_DIR: world.dataDir,
        HTTP_PORT: "0",
        FEEDS: "listen://127.0.0.1:0",
      });
      await assert.rejects(
        second,
        (error) => error instanceof ProgramEndedError && error.code === 73,
      );
    });
  } finally {
    await world.close();
  }
});

/** Half a write at the end of the log, as a death in its midst leaves it. */
async function tearLog(dataDir: string): Promise<void> {
  const log = join(dataDir, "buffer.sqlite-wal");
  const half = (await Deno.readFile(log)).slice(32, 2_000);
  await Deno.writeFile(log, half, { append: true });
}
