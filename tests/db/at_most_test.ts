import assert from "node:assert/strict";
import { AtMost } from "../../db/at_most.ts";

Deno.test("AtMost does so much at a time, the rest in its order, also after failures", async () => {
  const some = new AtMost(2);
  const begun: number[] = [];
  const works = Array.from(
    { length: 5 },
    () => Promise.withResolvers<number>(),
  );
  const results = works.map(({ promise }, i) =>
    some.run(() => {
      begun.push(i);
      return promise;
    })
  );
  const begin = () => new Promise((resolve) => setTimeout(resolve));
  await begin();
  assert.deepEqual(begun, [0, 1]);
  works[1].reject(new Error("no"));
  await assert.rejects(results[1], /no/);
  await begin();
  assert.deepEqual(begun, [0, 1, 2]);
  for (const i of [0, 2, 3, 4]) works[i].resolve(i);
  assert.equal(await results[4], 4);
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
});
