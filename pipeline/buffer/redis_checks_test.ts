import assert from "node:assert/strict";
import { BufferUnusableError } from "./buffer_error.ts";
import { judge } from "./redis_checks.ts";
import { redisUrlParts } from "./redis_url.ts";

const GOOD = {
  "maxmemory": "1000000000",
  "maxmemory-policy": "noeviction",
  "appendonly": "yes",
  "appendfsync": "always",
};

function judged(
  more: Partial<typeof GOOD>,
  version: string | null = "7.0.15",
): readonly string[] {
  return judge({
    version,
    settings: new Map(Object.entries({ ...GOOD, ...more })),
  });
}

Deno.test("judge() is content with a server that syncs and never evicts", () => {
  assert.deepEqual(judged({}), []);
  assert.deepEqual(judged({}, "10.2.0"), []);
});

Deno.test("judge() refuses a server that evicts, and says what to set", () => {
  assert.throws(
    () => judged({ "maxmemory-policy": "allkeys-lru" }),
    (error: Error) =>
      error instanceof BufferUnusableError &&
      /set it to noeviction/.test(error.message),
  );
  // without a limit nothing is ever evicted
  assert.deepEqual(
    judged({ "maxmemory-policy": "allkeys-lru", maxmemory: "0" }),
    [],
  );
});

Deno.test("judge() refuses a server that is too old", () => {
  assert.throws(() => judged({}, "6.2.14"), /6\.2\.14 as it must be 7/);
});

Deno.test("judge() warns of what a restart or a power loss would take", () => {
  assert.match(judged({ appendonly: "no" }).join(), /appendonly is off/);
  assert.match(
    judged({ appendfsync: "everysec" }).join(),
    /appendfsync is everysec/,
  );
});

Deno.test("judge() warns of what it could not see", () => {
  const warnings = judge({ version: null, settings: new Map() });
  assert.equal(warnings.length, 2);
  assert.match(warnings[0], /version/);
  assert.match(warnings[1], /noeviction/);
});

Deno.test("redisUrlParts() says where a URL leads, without the password", () => {
  const { urlAt, ...parts } = redisUrlParts(
    "rediss://me:secret@db.example:6380/2",
  );
  assert.deepEqual(parts, {
    addresses: ["db.example:6380"],
    tls: true,
    shown: "rediss://db.example:6380/2",
  });
  assert.equal(urlAt("b:1"), "rediss://me:secret@b:1/2");
  const plain = redisUrlParts("redis://localhost");
  assert.deepEqual(plain.addresses, ["localhost:6379"]);
  assert.equal(plain.urlAt("b:1"), "redis://b:1");
  const local = redisUrlParts("redis://[::1]:7000/");
  assert.deepEqual(local.addresses, ["[::1]:7000"]);
  assert.equal(local.shown, "redis://[::1]:7000");
  const cluster = redisUrlParts("redis://:se,c@ret@a:1,b,c:3");
  assert.deepEqual(cluster.addresses, ["a:1", "b:6379", "c:3"]);
  assert.equal(cluster.shown, "redis://a:1,b:6379,c:3");
  assert.equal(cluster.urlAt("b:6379"), "redis://:se,c@ret@b:6379");
});

Deno.test("redisUrlParts() refuses what is no URL of a Redis, without showing it", () => {
  const wrong = [
    "",
    "localhost:6379",
    "http://me:secret@host",
    "redis://me:secret@host/x",
    "redis://me:secret@:6379",
    "redis://me:secret@a:6379,",
    "redis://me:1/secret@a:6379",
  ];
  for (const url of wrong) {
    assert.throws(
      () => redisUrlParts(url),
      (error: Error) =>
        error instanceof BufferUnusableError &&
        !error.message.includes("secret"),
      url,
    );
  }
});
