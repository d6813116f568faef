import { BUFFER_CONTRACT } from "../../pipeline/buffer/testing/buffer_contract.ts";
import { redisTest, withBuffer } from "./with_redis.ts";

await redisTest(
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
