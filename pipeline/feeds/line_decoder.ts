import { isUtf8 } from "node:buffer";
import type { ControlMessage } from "./control_message.ts";
import type {
  DecodedBatch,
  DecodedTick,
  RejectedLine,
} from "./decoded_batch.ts";
import { LINE_BYTES_MAX, type LineFramer } from "./line_framer.ts";
import { SymbolTable } from "./symbol_table.ts";

/** What became of one line, on the slow path. */
export type LineOutcome =
  | { readonly kind: "tick"; readonly tick: DecodedTick }
  | { readonly kind: "control"; readonly message: ControlMessage }
  | { readonly kind: "reject"; readonly reject: RejectedLine }
  /** A line that says nothing, such as a header. */
  | { readonly kind: "skip" };

/** Decodes one line, plainly; `line` is its number, from 1. */
export type DecodeLine = (text: string, line: number) => LineOutcome;

/**
 * Reads ticks from where the framer stands, as long as every byte is as it
 * expects, and leaves the first line that is not to the framer.
 */
export type ReadTicks = (
  framer: LineFramer,
  batch: DecodedBatch,
  symbols: SymbolTable,
) => void;

const utf8 = new TextDecoder();

/**
 * Turns the lines of one connection into batches.
 *
 * Every line becomes exactly one of: a tick, a control message, a reject with
 * its reason; empty lines and a header become nothing. Never throws.
 */
export class LineDecoder {
  readonly symbols = new SymbolTable();

  /** Without `readTicks` every line takes the slow, plain way. */
  constructor(
    private readonly decodeLine: DecodeLine,
    private readonly readTicks: ReadTicks | null,
  ) {}

  /**
   * Appends lines to the batch until it is full, the framer has no more, or a
   * control message comes, which is returned.
   */
  decode(framer: LineFramer, batch: DecodedBatch): ControlMessage | null {
    while (!batch.full) {
      if (this.readTicks && framer.aligned) {
        this.readTicks(framer, batch, this.symbols);
        if (batch.full) return null;
      }
      const frame = framer.next();
      if (frame === "none") return null;
      const at = {
        line: framer.line,
        start: framer.lineStart,
        end: framer.lineEnd,
      };
      if (frame === "too_long") {
        batch.addReject(TOO_LONG, at);
        continue;
      }
      const outcome = this.#line(framer);
      switch (outcome.kind) {
        case "tick": {
          const symbol = this.symbols.indexOfText(outcome.tick.symbol);
          if (symbol < 0) batch.addReject(tooManySymbols(outcome.tick), at);
          else batch.addTick(outcome.tick, symbol, at);
          break;
        }
        case "reject":
          batch.addReject(outcome.reject, at);
          break;
        case "control":
          return outcome.message;
        case "skip":
          break;
      }
    }
    return null;
  }

  #line(framer: LineFramer): LineOutcome {
    const bytes = framer.bytes.subarray(framer.lineStart, framer.lineEnd);
    const text = utf8.decode(bytes);
    // It stands for what is no UTF-8, unless the line has one itself.
    if (text.includes("\ufffd") && !isUtf8(bytes)) {
      return rejected("not_json", "line must be UTF-8");
    }
    const outcome = this.decodeLine(text, framer.line);
    // Only a hello may be that long, a wrong one too, and it is the first line.
    const hello = outcome.kind === "control" &&
      (outcome.message.type === "hello" ||
        outcome.message.type === "bad_hello");
    return bytes.length > LINE_BYTES_MAX && !hello
      ? { kind: "reject", reject: TOO_LONG }
      : outcome;
  }
}

const TOO_LONG: RejectedLine = {
  reason: "line_too_long",
  detail: `line must have at most ${LINE_BYTES_MAX} bytes`,
  seq: null,
  symbol: null,
  ts: null,
};

function tooManySymbols(tick: DecodedTick): RejectedLine {
  return {
    reason: "unknown_symbol",
    detail: "one connection must have at most 65535 symbols",
    seq: tick.seq,
    symbol: null,
    ts: tick.ts,
  };
}

/** A line of which nothing could be read. */
export function rejected(
  reason: RejectedLine["reason"],
  detail: string,
): LineOutcome {
  return {
    kind: "reject",
    reject: { reason, detail, seq: null, symbol: null, ts: null },
  };
}
