import assert from "node:assert/strict";
import { ConfigError, parseConfig } from "./config.ts";
import { readSecretFiles } from "./secret_files.ts";

const FILES: Readonly<Record<string, string>> = {
  "/run/secrets/api": "a token of 24 characters\n",
  "/run/secrets/db": "postgres://tickhouse:pass@db/tickhouse\n",
  "/run/secrets/empty": " \n",
  "/run/secrets/short": "short\n",
};

function readText(path: string): string {
  if (!(path in FILES)) throw new Deno.errors.NotFound(path);
  return FILES[path];
}

function messageOf(env: Record<string, string>): string {
  try {
    parseConfig(readSecretFiles(env, readText));
  } catch (error) {
    assert(error instanceof ConfigError);
    return error.message;
  }
  return "";
}

Deno.test("readSecretFiles() gives what is in the files, without the line's end", () => {
  const { apiToken, databaseUrl, feedToken } = parseConfig(readSecretFiles({
    API_TOKEN_FILE: "/run/secrets/api",
    DATABASE_URL_FILE: "/run/secrets/db",
    REDIS_URL: "redis://127.0.0.1",
    FEED_TOKEN: "in the environment as ever",
    FEED_TOKEN_FILE: "",
  }, readText));
  assert.equal(apiToken, "a token of 24 characters");
  assert.equal(databaseUrl, "postgres://tickhouse:pass@db/tickhouse");
  assert.equal(feedToken, "in the environment as ever");
});

Deno.test("readSecretFiles() names all files that cannot be used, and why", () => {
  const message = messageOf({
    API_TOKEN_FILE: "/run/secrets/nothing",
    FEED_TOKEN_FILE: "/run/secrets/empty",
    WEBHOOK_TOKEN: "given in the environment too",
    WEBHOOK_TOKEN_FILE: "/run/secrets/api",
  });
  assert.match(message, /API_TOKEN_FILE="\/run\/secrets\/nothing".*NotFound/);
  assert.match(message, /FEED_TOKEN_FILE=.* a file of 1 to 16384 characters/);
  assert.match(message, /WEBHOOK_TOKEN_FILE=.* unset where WEBHOOK_TOKEN is/);
});

Deno.test("a secret from a file that cannot be used is not told", () => {
  const message = messageOf({ API_TOKEN_FILE: "/run/secrets/short" });
  assert.match(message, /API_TOKEN="\(secret\)"/);
  assert.equal(message.includes("short"), false);
});
