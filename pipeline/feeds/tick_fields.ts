import type { Decimal } from "../domain/decimal.ts";
import { SCALE_MAX } from "../domain/decimal.ts";
import { SYMBOL_PATTERN } from "../domain/instrument.ts";
import type { RejectReason } from "../domain/tick.ts";
import type { EpochMicros } from "../domain/time.ts";
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

/** What is wrong with a field. */
class FieldError {
  constructor(readonly reason: RejectReason, readonly message: string) {}
}

/**
 * Makes a tick of its fields, or says the first thing that is wrong, with
 * whatever else could be read.
 */
export function readTick(fields: TickFields): TickOutcome {
  const symbol = readSymbol(fields.symbol);
  const ts = readTs(fields.ts);
  const price = readPrice(fields.price);
  const size = readVolume(fields.volume);
  const seq = readSeq(fields.seq);
  if (
    isWrong(symbol) || isWrong(ts) || isWrong(price) || isWrong(size) ||
    isWrong(seq)
  ) {
    const { reason, message } = [symbol, ts, price, size, seq].find(isWrong)!;
    return {
      kind: "reject",
      reject: {
        reason,
        detail: message,
        seq: isWrong(seq) ? null : seq,
        symbol: isWrong(symbol) ? null : symbol,
        ts: isWrong(ts) ? null : ts,
      },
    };
  }
  return { kind: "tick", tick: { symbol, ts, price, size, seq } };
}

function isWrong(value: unknown): value is FieldError {
  return value instanceof FieldError;
}

function readSymbol(text: string | undefined): string | FieldError {
  if (text === undefined) {
    return new FieldError("schema", "symbol is missing");
  }
  if (!SYMBOL_PATTERN.test(text)) {
    return new FieldError(
      "unknown_symbol",
      `symbol must match ${SYMBOL_PATTERN.source}, got ${quote(text)}`,
    );
  }
  return text;
}

function readTs(text: string | undefined): EpochMicros | FieldError {
  if (text === undefined) return new FieldError("schema", "ts is missing");
  return readTime(text) ?? new FieldError(
    "schema",
    `ts must be Unix milliseconds or ISO 8601, got ${quote(text)}`,
  );
}

function readPrice(text: string | undefined): Decimal | FieldError {
  if (text === undefined) return new FieldError("schema", "price is missing");
  const price = readAmount("price", text, "price_not_positive");
  return isWrong(price) || price.units > 0 ? price : new FieldError(
    "price_not_positive",
    `price must be > 0, got ${text}`,
  );
}

function readVolume(text: string | undefined): Decimal | FieldError {
  if (text === undefined) return { units: 0, scale: 0 };
  const volume = readAmount("volume", text, "schema");
  return isWrong(volume) || volume.units >= 0
    ? volume
    : new FieldError("volume_negative", `volume must be >= 0, got ${text}`);
}

function readAmount(
  name: string,
  text: string,
  notFinite: RejectReason,
): Decimal | FieldError {
  const decimal = readDecimal(text);
  if (typeof decimal === "object") return decimal;
  const got = `got ${quote(text)}`;
  switch (decimal) {
    case "not_finite":
      return new FieldError(notFinite, `${name} must be finite, ${got}`);
    case "decimals":
      return new FieldError(
        "too_many_decimals",
        `${name} must have at most ${SCALE_MAX} decimals, ${got}`,
      );
    case "digits":
      return new FieldError(
        "schema",
        `${name} must have no more digits than 2^53 holds, ${got}`,
      );
    case "syntax":
      return new FieldError("schema", `${name} must be a number, ${got}`);
  }
}

function readSeq(text: string | undefined): number | null | FieldError {
  if (text === undefined) return null;
  const seq = /^(?:0|[1-9]\d*)$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(seq) ? seq : new FieldError(
    "schema",
    `seq must be a whole number from 0 to 2^53 - 1, got ${quote(text)}`,
  );
}

function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
