import assert from "node:assert/strict";
import { nextTurnOfMany } from "../../pipeline/next_turn.ts";

/** How many turns each of some loops takes while a byte goes to and fro. */
async function turnsOf(loops: number, rounds: number): Promise<number> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [here, there] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  const byte = new Uint8Array(1);
  let round = 0;
  const pinging = (async () => {
    for (; round < rounds; round++) {
      const read = there.read(byte);
      await here.write(byte);
      await read;
    }
  })();
  const turns = await Promise.all(Array.from({ length: loops }, async () => {
    let turns = 0;
    for (; round < rounds; turns++) {
      const until = performance.now() + 1;
      while (performance.now() < until);
      await nextTurnOfMany();
    }
    return turns;
  }));
  await pinging;
  for (const one of [here, there, listener]) one.close();
  return Math.max(...turns);
}

Deno.test("nextTurnOfMany() lets sockets be heard by those who take turn after turn", async () => {
  for (const loops of [1, 3]) {
    const turns = await turnsOf(loops, 20);
    // Of turns alone each round would take some sixty.
    assert.ok(turns < 20 * 20, `${turns} turns for 20 rounds, of ${loops}`);
  }
});
