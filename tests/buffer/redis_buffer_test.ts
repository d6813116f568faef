import { BUFFER_CONTRACT } from "../../pipeline/buffer/testing/buffer_contract.ts";
import { redisTest, tell, withBuffer } from "./with_redis.ts";

redisTest(
  "RedisBuffer keeps the contract",
  [["databases", "64"]],
  async (server, t) => {
    for (const [i, { name, check }] of BUFFER_CONTRACT.entries()) {
      await t.step(
        `RedisBuffer ${name}`,
        () => withBuffer(server, check, { url: `${server.url}/${i}` }),
      );
    }
  },
);

redisTest(
  "RedisBuffer keeps the contract where no command may touch two slots",
  [["cluster-enabled", "yes"]],
  async (server, t) => {
    await tell(server, "CLUSTER ADDSLOTSRANGE 0 16383");
    while (!/cluster_state:ok/.test(await tell(server, "CLUSTER INFO"))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const { name, check } of BUFFER_CONTRACT) {
      await t.step(`RedisBuffer ${name}`, async () => {
        await tell(server, "FLUSHALL");
        await withBuffer(server, check);
      });
    }
  },
);
