/** A Redis whose disk is slow, and one whose disk is full. */
import assert from "node:assert/strict";
import { findProgram, serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { findRedis, startRedis } from "../harness/servers/redis_server.ts";
import { scenario } from "./scenario.ts";

const POSTGRES = { "redis-server": findRedis, PostgreSQL: findPostgres };
const NEEDS = { ...POSTGRES, strace: () => findProgram("strace") };
const SLOW_SYNC = [
  ...["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync"],
  ...["-e", "inject=fdatasync:delay_enter=1500000"],
];
const KILLS = 3;

serverTest(
  "a Redis that acknowledges what is not on its slow disk yet loses nothing when killed",
  NEEDS,
  async () => {
    const postgres = await startPostgres();
    const redis = await startRedis({
      under: SLOW_SYNC,
      config: [["appendfsync", "everysec"]],
    });
    try {
      const servers = { postgres, redis, close: () => Promise.resolve() };
      await scenario(servers, "slow disk", {
        load: { rate: 20_000 },
        async script({ faults, moving }) {
          for (let i = 0; i < KILLS; i++) {
            await moving();
            await faults.do("kill Redis");
          }
          await moving();
        },
      });
    } finally {
      await redis.close();
      await postgres.close();
    }
  },
);

/** Of a disk that has room for a while, once the filler is gone. */
const DISK = { size: "48m", fillerBytes: 44 << 20 };

serverTest(
  "feeds wait while the disk of Redis is full, and go on after",
  POSTGRES,
  async () => {
    const dir = await Deno.makeTempDir({ prefix: "tickhouse-full-disk-" });
    if (!await mount(dir)) {
      console.log("Ignored as this user cannot mount a small disk");
      await Deno.remove(dir);
      return;
    }
    try {
      const filler = `${dir}/filler`;
      const postgres = await startPostgres();
      const redis = await startRedis({
        dir,
        config: [["appendfsync", "everysec"]],
      });
      try {
        const servers = { postgres, redis, close: () => Promise.resolve() };
        await scenario(servers, "full disk", {
          load: { ticksMax: 300_000, rate: 20_000 },
          async script({ still, moving }) {
            await Deno.writeFile(filler, new Uint8Array(DISK.fillerBytes))
              .catch((error) => assert.match(String(error), /space/));
            await still();
            await Deno.remove(filler);
            await moving();
          },
        });
      } finally {
        await redis.close();
        await postgres.close();
      }
    } finally {
      await new Deno.Command("umount", { args: [dir] }).output();
      await Deno.remove(dir, { recursive: true }).catch(() => {});
    }
  },
);

async function mount(dir: string): Promise<boolean> {
  const { success } = await new Deno.Command("mount", {
    args: ["-t", "tmpfs", "-o", `size=${DISK.size}`, "tmpfs", dir],
    stderr: "null",
  }).output();
  return success;
}
