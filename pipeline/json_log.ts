import type { Clock, Log, LogFields } from "./ports.ts";
import { toIso } from "./domain/time.ts";

const FIELD_MAX = 1_024;

/** A log that writes one line of JSON for each message. */
export function jsonLog(clock: Clock, write: (line: string) => void): Log {
  const line = (level: string) => (message: string, fields: LogFields = {}) =>
    write(JSON.stringify(
      { at: toIso(clock.now()), level, message, ...fields },
      (_, value) => printable(value),
    ));
  return { info: line("info"), warn: line("warn"), error: line("error") };
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
