import assert from "node:assert/strict";
import { BufferError } from "./buffer_error.ts";
import { commonMap, readClusterMap } from "./cluster_map.ts";
import { redirectOf } from "./cluster_redirect.ts";
import { RedisRefusal } from "./redis_session.ts";

const reply = (primary: string) => [
  [0, 8_191, [primary, 1, "id", []], ["replica", 2, "id", []]],
  [8_192, 16_383, ["", 3, "id", []]],
];

Deno.test("readClusterMap() says which server has each slot", () => {
  const map = readClusterMap(reply("a"), "asked");
  assert.equal(map.primaries.length, 16_384);
  assert.equal(map.primaries[0], "a:1");
  assert.equal(map.primaries[8_191], "a:1");
  // one that does not know its own address is where it was asked
  assert.equal(map.primaries[8_192], "asked:3");
  assert.deepEqual([...map.addresses], ["a:1", "replica:2", "asked:3"]);
  const part = readClusterMap([[5, 6, ["::1", 7, "id"]]], "asked");
  assert.equal(part.primaries[4], undefined);
  assert.equal(part.primaries[6], "[::1]:7");
});

Deno.test("commonMap() takes what most servers say", () => {
  const [old, now] = [reply("a"), reply("b")].map((one) =>
    readClusterMap(one, "asked")
  );
  assert.equal(commonMap([]), null);
  assert.equal(commonMap([old, now, now]), now);
  assert.equal(commonMap([old, old, now]), old);
});

Deno.test("redirectOf() reads where a server sends a call", () => {
  const said = (message: string) =>
    redirectOf(
      new BufferError("refused", { cause: new RedisRefusal(message) }),
      "asked",
    );
  assert.deepEqual(said("MOVED 3999 10.0.0.1:6381"), {
    kind: "moved",
    slot: 3_999,
    address: "10.0.0.1:6381",
  });
  assert.deepEqual(said("ASK 3999 ::1:6381"), {
    kind: "ask",
    slot: 3_999,
    address: "[::1]:6381",
  });
  assert.deepEqual(said("MOVED 1 :6381"), {
    kind: "moved",
    slot: 1,
    address: "asked:6381",
  });
  assert.deepEqual(said("TRYAGAIN Multiple keys request during rehashing"), {
    kind: "later",
  });
  assert.equal(said("CLUSTERDOWN The cluster is down"), null);
  assert.equal(redirectOf(new BufferError("it was closed"), "asked"), null);
});
