import assert from "node:assert/strict";
import { nextTurnOfMany } from "../../pipeline/next_turn.ts";

Deno.test("nextTurnOfMany() lets sockets be heard by whoever takes turn after turn", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [here, there] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  const byte = new Uint8Array(1);
  let rounds = 0;
  const pinging = (async () => {
    for (; rounds < 20; rounds++) {
      const read = there.read(byte);
      await here.write(byte);
      await read;
    }
  })();
  let turns = 0;
  for (; rounds < 20; turns++) {
    const until = performance.now() + 1;
    while (performance.now() < until);
    await nextTurnOfMany();
  }
  await pinging;
  for (const one of [here, there, listener]) one.close();
  // Of turns alone each round would take some sixty.
  assert.ok(turns < 20 * 40, `${turns} turns for 20 rounds`);
});
