/**
 * Two programs whose partitions are divided while feeds send and somebody
 * looks, once with a program that is killed in the midst of it, and once by an
 * instrument that gets one of its own.
 */
import assert from "node:assert/strict";
import { EventReader } from "../harness/event_reader.ts";
import { serverTest } from "../harness/servers/installed.ts";
import { findPostgres } from "../harness/servers/postgres_server.ts";
import { findRedis } from "../harness/servers/redis_server.ts";
import { divide } from "./divide.ts";
import { scenario } from "./scenario.ts";
import { symbolName } from "./ticks.ts";
import { startServers } from "./world.ts";

const NEEDS = { "redis-server": findRedis, PostgreSQL: findPostgres };
const SYMBOL = symbolName(1);

/** Somebody who looks at one symbol and keeps one stream. */
async function viewerAt(http: string) {
  const reader = new EventReader(
    await fetch(`${http}/api/stream?symbols=${SYMBOL}`),
  );
  const state = { events: 0, over: false };
  const reading = (async () => {
    while (await reader.next() !== null) state.events++;
    state.over = true;
  })();
  return { state, leave: () => reader.leave().then(() => reading) };
}

serverTest("partitions are divided under load", NEEDS, async (t) => {
  const servers = await startServers();
  try {
    await t.step(
      "4 into 8, a program killed in the midst, one pinned, then 16",
      () =>
        scenario(servers, "divide", {
          async script(stage) {
            const { apps: [, b], faults, moving, until } = stage;
            await assert.rejects(divide(stage, ["4"]), /4 partitions already/);
            await assert.rejects(divide(stage, ["6"]), /multiple of 4/);
            await assert.rejects(divide(stage, ["2"]), /only be divided/);
            let killing: Promise<void> | null = null;
            const first = await divide(stage, ["8"], () => {
              killing ??= faults.do("kill app");
            });
            assert.deepEqual([first.partitions, first.before], [8, [4]]);
            await killing;
            await moving();

            const viewer = await viewerAt(b.program.http!);
            const { state } = viewer;
            await until("a viewer has events", () => state.events > 1);
            const pin = await divide(stage, [`--pin=${SYMBOL}`]);
            assert.deepEqual(
              [pin.partitions, pin.pinned, pin.before],
              [9, { [SYMBOL]: 8 }, [4, 8]],
            );
            assert(pin.pause_ms > 0, "ticks came meanwhile");
            await moving();
            const last = await divide(stage, ["16"]);
            assert.deepEqual(
              [last.partitions, last.pinned, last.before],
              [17, { [SYMBOL]: 8 }, [4, 8, 9]],
            );
            await moving();
            const { events } = state;
            await until("the viewer has more", () => state.events > events);
            assert.equal(state.over, false, "its stream goes on");
            await viewer.leave();
          },
        }).then(() => {}),
    );
  } finally {
    await servers.close();
  }
});
