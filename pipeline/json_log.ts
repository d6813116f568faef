import type { Clock, Log, LogFields } from "./ports.ts";
import { toIso } from "./domain/time.ts";

const FIELD_MAX = 1_024;

/** A log that writes one line of JSON for each message. */
export function jsonLog(clock: Clock, write: (line: string) => void): Log {
  const line = (level: string) => (message: string, fields: LogFields = {}) =>
    write(escaped(JSON.stringify(
      { at: toIso(clock.now()), level, message, ...fields },
      (_, value) => printable(value),
    )));
  return { info: line("info"), warn: line("warn"), error: line("error") };
}

/**
 * What a terminal acts on, and what turns or hides text, as JSON escapes it;
 * JSON itself does so below U+0020 only.
 */
function escaped(json: string): string {
  return json.replaceAll(
    /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Errors as their messages, causes too; long texts cut. */
function printable(value: unknown): unknown {
  if (value instanceof Error) {
    const text = `${value.name}: ${value.message}`;
    return value.cause instanceof Error
      ? `${text} (${printable(value.cause)})`.slice(0, FIELD_MAX)
      : text.slice(0, FIELD_MAX);
  }
  if (typeof value === "bigint") return String(value);
  return typeof value === "string" ? value.slice(0, FIELD_MAX) : value;
}
