import type { Decimal } from "../domain/decimal.ts";
import { SCALE_MAX } from "../domain/decimal.ts";
import { SYMBOL_PATTERN } from "../domain/instrument.ts";
import type { RejectReason } from "../domain/tick.ts";
import type { DecodedTick, RejectedLine } from "./decoded_batch.ts";
import { readDecimal, readTime } from "./number_text.ts";

/** Fields of a tick as text; `undefined` where the line has none. */
export interface TickFields {
  readonly symbol: string | undefined;
  readonly ts: string | undefined;
  readonly price: string | undefined;
  readonly volume: string | undefined;
  readonly seq: string | undefined;
}

export type TickOutcome =
  | { readonly kind: "tick"; readonly tick: DecodedTick }
  | { readonly kind: "reject"; readonly reject: RejectedLine };

/**
 * A reason and its sentence, thrown inside this file only: no `Error`, whose
 * stack would cost more than the line.
 */
class FieldError {
  constructor(readonly reason: RejectReason, readonly message: string) {}
}

/**
 * Makes a tick of its fields, or says the first thing that is wrong, with
 * whatever else could be read.
 */
export function readTick(fields: TickFields): TickOutcome {
  try {
    return {
      kind: "tick",
      tick: {
        symbol: readSymbol(fields.symbol),
        ts: readTs(fields.ts),
        price: readPrice(fields.price),
        size: readVolume(fields.volume),
        seq: readSeq(fields.seq),
      },
    };
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    return {
      kind: "reject",
      reject: {
        reason: error.reason,
        detail: error.message,
        seq: optional(() => readSeq(fields.seq)),
        symbol: optional(() => readSymbol(fields.symbol)),
        ts: optional(() => readTs(fields.ts)),
      },
    };
  }
}

function optional<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof FieldError) return null;
    throw error;
  }
}

function readSymbol(text: string | undefined): string {
  if (text === undefined) {
    throw new FieldError("schema", "symbol is missing");
  }
  if (!SYMBOL_PATTERN.test(text)) {
    throw new FieldError(
      "unknown_symbol",
      `symbol must match ${SYMBOL_PATTERN.source}, got ${quote(text)}`,
    );
  }
  return text;
}

function readTs(text: string | undefined) {
  if (text === undefined) throw new FieldError("schema", "ts is missing");
  const ts = readTime(text);
  if (ts === null) {
    throw new FieldError(
      "schema",
      `ts must be Unix milliseconds or ISO 8601, got ${quote(text)}`,
    );
  }
  return ts;
}

function readPrice(text: string | undefined): Decimal {
  if (text === undefined) throw new FieldError("schema", "price is missing");
  const price = readAmount("price", text, "price_not_positive");
  if (price.units <= 0) {
    throw new FieldError(
      "price_not_positive",
      `price must be > 0, got ${text}`,
    );
  }
  return price;
}

function readVolume(text: string | undefined): Decimal {
  if (text === undefined) return { units: 0, scale: 0 };
  const volume = readAmount("volume", text, "schema");
  if (volume.units < 0) {
    throw new FieldError("volume_negative", `volume must be >= 0, got ${text}`);
  }
  return volume;
}

function readAmount(
  name: string,
  text: string,
  notFinite: RejectReason,
): Decimal {
  const decimal = readDecimal(text);
  if (typeof decimal === "object") return decimal;
  const got = `got ${quote(text)}`;
  switch (decimal) {
    case "not_finite":
      throw new FieldError(notFinite, `${name} must be finite, ${got}`);
    case "decimals":
      throw new FieldError(
        "too_many_decimals",
        `${name} must have at most ${SCALE_MAX} decimals, ${got}`,
      );
    case "digits":
      throw new FieldError(
        "schema",
        `${name} must have no more digits than 2^53 holds, ${got}`,
      );
    case "syntax":
      throw new FieldError("schema", `${name} must be a number, ${got}`);
  }
}

function readSeq(text: string | undefined): number | null {
  if (text === undefined) return null;
  const seq = /^(?:0|[1-9]\d*)$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(seq)) {
    throw new FieldError(
      "schema",
      `seq must be a whole number from 0 to 2^53 - 1, got ${quote(text)}`,
    );
  }
  return seq;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
