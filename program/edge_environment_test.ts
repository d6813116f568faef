import assert from "node:assert/strict";
import { ConfigError, parseConfig } from "../pipeline/config.ts";
import { edgeEnvironment } from "./edge_environment.ts";

const STORES = {
  REDIS_URL: "rediss://r.example:6380",
  DATABASE_URL: "postgres://u@p.example/tickhouse?sslmode=verify-full",
};
const TOKEN = "0123456789abcdef";

Deno.test("pages at a host run alone, whatever else is set", () => {
  const config = parseConfig(edgeEnvironment({
    ...STORES,
    API_TOKEN: TOKEN,
    ROLES: "feed,aggregate",
    FEEDS: "listen://0.0.0.0:9101",
    SIMULATE: "on",
    OPS_PORT: "9100",
  }));
  assert.deepEqual([...config.roles], ["web"]);
  assert.equal(config.simulate, false);
  assert.equal(config.opsPort, null);
});

Deno.test("a host without stores is told of all that it needs", () => {
  assert.throws(
    () => edgeEnvironment({ API_TOKEN: TOKEN, REDIS_URL: " " }),
    (error) =>
      error instanceof ConfigError && error.problems.length === 2 &&
      /DATABASE_URL/.test(error.message),
  );
});

Deno.test("a host is taken to be open to the network", () => {
  assert.throws(() => parseConfig(edgeEnvironment(STORES)), /API_TOKEN/);
  parseConfig(edgeEnvironment({ ...STORES, API_TOKEN: TOKEN }));
  parseConfig(edgeEnvironment({ ...STORES, HTTP_HOST: "127.0.0.1" }));
});
