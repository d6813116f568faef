import type { EpochMicros } from "../pipeline/domain/time.ts";

/** Array literal of numbers, as in `($1::text)::int8[]`. */
export function numberArray(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? "NULL").join(",")}}`;
}

/** Array literal of booleans. */
export function booleanArray(values: readonly (boolean | null)[]): string {
  return `{${values.map((value) => value ?? "NULL").join(",")}}`;
}

/** Array literal of text; a NUL, which PostgreSQL cannot hold, is replaced. */
export function textArray(values: readonly (string | null)[]): string {
  if (values.length === 0) return "{}";
  // All at once, with what none of them has between them.
  if (!values.some((value) => value === null || value.includes("\0"))) {
    const joined = values.join("\0").replace(/["\\]/g, "\\$&");
    return `{"${joined.replaceAll("\0", '","')}"}`;
  }
  return `{${
    values.map((value) =>
      value === null
        ? "NULL"
        : `"${cleanText(value).replace(/["\\]/g, (c) => `\\${c}`)}"`
    ).join(",")
  }}`;
}

/** Text that PostgreSQL can hold: without NUL, which it has no place for. */
export function cleanText(text: string): string {
  return text.replaceAll("\0", "\u{FFFD}");
}

/** ISO 8601 with microseconds, for a bound that the planner can prune by. */
export function timestampText(t: EpochMicros): string {
  const micros = ((t % 1_000_000) + 1_000_000) % 1_000_000;
  const whole = new Date((t - micros) / 1_000).toISOString();
  return `${whole.slice(0, -4)}${String(micros).padStart(6, "0")}Z`
    .replace(/^[+-]0*(\d+)/, "$1");
}

/** `epoch micros`, as `to_micros(x)::float8` brings them. */
export function micros(value: unknown): EpochMicros {
  return value as EpochMicros;
}

export function microsOrNull(value: unknown): EpochMicros | null {
  return value as EpochMicros | null;
}
