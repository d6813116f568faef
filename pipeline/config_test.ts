import assert from "node:assert/strict";
import { ConfigError, isLoopback, parseConfig, settings } from "./config.ts";

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    assert(error instanceof ConfigError);
    return error.problems.map(({ key }) => key);
  }
  return [];
}

Deno.test("parseConfig() of nothing is the embedded default, simulated", () => {
  const config = parseConfig({});
  assert.equal(config.httpHost, "127.0.0.1");
  assert.equal(config.httpPort, 8000);
  assert.equal(config.dataDir, "./data");
  assert.equal(config.simulate, true);
  assert.deepEqual(config.feeds, [
    { mode: "listen", host: "127.0.0.1", port: 9101, format: "ndjson" },
  ]);
  assert.deepEqual([...config.roles], [
    "feed",
    "aggregate",
    "forecast",
    "web",
  ]);
});

Deno.test("parseConfig() takes an empty value as unset", () => {
  assert.equal(parseConfig({ HTTP_PORT: "", FEEDS: " " }).simulate, true);
});

Deno.test("parseConfig() turns the simulator off where FEEDS is set", () => {
  const env = { FEEDS: "listen://127.0.0.1:0" };
  assert.equal(parseConfig(env).simulate, false);
  assert.equal(parseConfig({ ...env, SIMULATE: "on" }).simulate, true);
  assert.equal(parseConfig({ SIMULATE: "off" }).simulate, false);
});

Deno.test("parseConfig() reads feeds of both modes and formats", () => {
  const { feeds } = parseConfig({
    FEEDS: "listen://[::1]:9101?format=csv, tcp://feed.example:7000",
  });
  assert.deepEqual(feeds, [
    { mode: "listen", host: "::1", port: 9101, format: "csv" },
    { mode: "tcp", host: "feed.example", port: 7000, format: "ndjson" },
  ]);
});

Deno.test("parseConfig() names every bad key at once, with what it wants", () => {
  const env = {
    HTTP_PORT: "80000",
    FEEDS: "udp://127.0.0.1:1",
    SIMULATE: "yes",
    ROLES: "feed,everything",
    FEED_TOKEN: "short",
  };
  try {
    parseConfig(env);
    assert.fail("it must throw");
  } catch (error) {
    assert(error instanceof ConfigError);
    assert.deepEqual(
      error.problems.map(({ key }) => key).toSorted(),
      Object.keys(env).toSorted(),
    );
    assert.match(error.message, /HTTP_PORT="80000" as it must be a port/);
    assert.doesNotMatch(error.message, /short/);
  }
});

Deno.test("parseConfig() refuses to dial port 0", () => {
  assert.deepEqual(problemsOf({ FEEDS: "tcp://127.0.0.1:0" }), ["FEEDS"]);
});

Deno.test("parseConfig() refuses to listen beyond this machine without a token", () => {
  assert.deepEqual(
    problemsOf({ HTTP_HOST: "0.0.0.0", FEEDS: "listen://0.0.0.0:9101" }),
    ["HTTP_HOST", "FEEDS"],
  );
  assert.deepEqual(
    problemsOf({
      HTTP_HOST: "0.0.0.0",
      FEEDS: "listen://0.0.0.0:9101",
      API_TOKEN: "0123456789abcdef",
      FEED_TOKEN: "0123456789abcdef",
    }),
    [],
  );
  assert.deepEqual(
    problemsOf({ FEEDS: "listen://[::]:9101", FEED_RULES: "feeds.json" }),
    [],
  );
});

Deno.test("parseConfig() takes the URLs of servers, and hides their passwords", () => {
  const REDIS_URL = "redis://user:hunter2@127.0.0.1:6379";
  const DATABASE_URL = "postgres://user:hunter2@127.0.0.1/ticks";
  const config = parseConfig({ REDIS_URL, DATABASE_URL });
  assert.equal(config.redisUrl, REDIS_URL);
  assert.equal(config.databaseUrl, DATABASE_URL);
  assert.equal(config.simulate, false);
  assert.equal(config.warehouseExtension, null);
  for (const WAREHOUSE_EXTENSION of ["timescaledb", "citus"]) {
    assert.equal(
      parseConfig({ DATABASE_URL, WAREHOUSE_EXTENSION }).warehouseExtension,
      WAREHOUSE_EXTENSION,
    );
  }
  for (
    const env of [
      { REDIS_URL: "http://user:hunter2@127.0.0.1" },
      { DATABASE_URL: "mysql://user:hun/ter2@127.0.0.1/ticks" },
      { MIGRATION_URL: "postgres://user:hunter2@127.0.0.1/ticks" },
      { WAREHOUSE_EXTENSION: "timescaledb" },
    ]
  ) {
    assert.throws(() => parseConfig(env), (error) => {
      assert(error instanceof ConfigError);
      assert.deepEqual(error.problems.map(({ key }) => key), Object.keys(env));
      assert.doesNotMatch(error.message, /hun|ter2/);
      return true;
    });
  }
});

Deno.test("parseConfig() asks for Redis where processes share the work", () => {
  const DATABASE_URL = "postgres://127.0.0.1/ticks";
  assert.deepEqual(problemsOf({ DATABASE_URL, ROLES: "web" }), ["ROLES"]);
  const REDIS_URL = "redis://127.0.0.1";
  assert.deepEqual(problemsOf({ DATABASE_URL, REDIS_URL, ROLES: "web" }), []);
});

Deno.test("isLoopback() knows this machine from others", () => {
  for (const host of ["localhost", "127.0.0.1", "127.8.9.1", "::1"]) {
    assert(isLoopback(host), host);
  }
  for (const host of ["0.0.0.0", "10.0.0.1", "::", "127.0.0.1.example"]) {
    assert(!isLoopback(host), host);
  }
});

Deno.test("every setting says what it means and what it wants", () => {
  for (const { key, meaning, wanted } of settings) {
    assert(meaning.length > 0 && wanted.length > 0, key);
  }
});

Deno.test("parseConfig() takes webhooks, and hides what may be secret in them", () => {
  const urls = ["https://a.example/x", "http://127.0.0.1:8080/y"];
  assert.deepEqual(
    parseConfig({ SIGNAL_WEBHOOKS: urls.join(", ") }).signalWebhooks,
    urls,
  );
  assert.deepEqual(parseConfig({}).signalWebhooks, []);
  assert.throws(
    () => parseConfig({ SIGNAL_WEBHOOKS: "https://a.example/hidden,ftp://b" }),
    (error: Error) =>
      /SIGNAL_WEBHOOKS/.test(error.message) && !/hidden/.test(error.message),
  );
});

Deno.test("parseConfig() reads a relay to PostgreSQL, and hides its secret", () => {
  const DATABASE_URL = "postgres://u@db.internal/tickhouse";
  const relay = "wss://relay.example/v1?token=0123456789abcdef";
  assert.equal(
    parseConfig({
      DATABASE_URL,
      REDIS_URL: "redis://r",
      DATABASE_WS_URL: relay,
    })
      .databaseWsUrl,
    relay,
  );
  assert.deepEqual(problemsOf({ DATABASE_WS_URL: relay }), ["DATABASE_WS_URL"]);
  for (const text of ["https://relay.example", "wss://u:p@relay.example"]) {
    assert.deepEqual(
      problemsOf({ DATABASE_URL, DATABASE_WS_URL: text }),
      ["DATABASE_WS_URL"],
    );
  }
  assert.throws(
    () => parseConfig({ DATABASE_WS_URL: relay }),
    (error) =>
      error instanceof ConfigError && !/0123456789/.test(error.message),
  );
});
