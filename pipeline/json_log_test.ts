import assert from "node:assert/strict";
import { epochMicros } from "./domain/time.ts";
import { jsonLog } from "./json_log.ts";

const clock = {
  now: () => epochMicros(0),
  steadyMs: () => 0,
  sleep: () => Promise.resolve(),
};

function logged(fields: Record<string, unknown>): Record<string, unknown> {
  const lines: string[] = [];
  jsonLog(clock, (line) => lines.push(line)).warn("Feed went away", fields);
  assert.equal(lines.length, 1);
  assert(!lines[0].includes("\n"));
  return JSON.parse(lines[0]);
}

Deno.test("jsonLog() writes one line of JSON with time, level and fields", () => {
  assert.deepEqual(logged({ feed: "nse" }), {
    at: "1970-01-01T00:00:00.000Z",
    level: "warn",
    message: "Feed went away",
    feed: "nse",
  });
});

Deno.test("jsonLog() keeps a newline in a field inside its line", () => {
  assert.equal(logged({ feed: "a\nb" }).feed, "a\nb");
});

Deno.test("jsonLog() writes nothing that a terminal or a reader acts on", () => {
  const odd = "\x00\x1b[2J\r\n\x7f\x9b31m\u2028\u202e\u2066\u200b\ufeff\ud800";
  const lines: string[] = [];
  jsonLog(clock, (line) => lines.push(line)).info("Odd", { [odd]: odd });
  assert.match(lines[0], /^[\x20-\x7e]+$/);
  assert.equal(JSON.parse(lines[0])[odd], odd);
});

Deno.test("jsonLog() writes errors with their causes, and cuts long texts", () => {
  const error = new Error("refused", { cause: new TypeError("no route") });
  assert.equal(logged({ error }).error, "Error: refused (TypeError: no route)");
  assert.equal(String(logged({ raw: "x".repeat(9_999) }).raw).length, 1_024);
});
