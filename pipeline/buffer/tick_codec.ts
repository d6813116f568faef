import { crc32 } from "node:zlib";
import { assert } from "../domain/assert.ts";
import {
  ENTRY_KINDS,
  type EntrySymbol,
  type SeqGap,
  type StreamEntry,
} from "../domain/entry.ts";
import { type Reject, tickColumns } from "../domain/tick.ts";
import type { EpochMicros } from "../domain/time.ts";
import {
  CONSECUTIVE,
  CONSTANT,
  F64,
  packColumn,
  U16,
  U32,
} from "./pack_column.ts";

/**
 * Bytes of an entry, version 1, little-endian:
 *
 * ```text
 *  0  u8      version
 *  1  u8 x5   how each column is packed: symbol, ts, price, size, seq
 *  6  u16     zero
 *  8  u32     CRC-32 of everything from 12 on and of bytes 0 to 8
 * 12  u32     bytes of the head
 * 16  u32     ticks
 * 20  u32     the symbol, where all rows have the same
 * 24  f64 x4  base of ts, price, size, seq
 * 56  head    JSON, UTF-8: everything but the ticks
 *     columns, one after the other, in the order above
 * ```
 *
 * A column is packed as the shortest of: nothing but its base, where all rows
 * are equal or each is one more than the one before; u32 above the base, where
 * that fits; f64. A usual tick takes 10 to 16 bytes instead of 34.
 */
const VERSION = 1;
const CRC_AT = 8;
const HEAD_BYTES_AT = 12;
const LENGTH_AT = 16;
const SYMBOL_AT = 20;
const BASES_AT = 24;
const HEAD_AT = 56;

const BYTES_PER_ROW = [0, 0, 4, 8, 2] as const;
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where each column's values above its base are put, of entry after entry. */
let above = [0, 0, 0, 0].map((n) => new Uint32Array(n));

/** A blob that is no entry: torn, altered, or of a version to come. */
export class CorruptEntryError extends Error {
  override name = "CorruptEntryError";
}

type Head = Omit<StreamEntry, "ticks" | "kind" | "key"> & {
  readonly kind: number;
  readonly feed: string;
  readonly epoch: number;
};

/** The entry as bytes; its columns may be used again at once. */
export function encodeEntry(entry: StreamEntry): Uint8Array<ArrayBuffer> {
  assert(LITTLE_ENDIAN, "columns are packed as this machine has them");
  const { ticks, kind, key, ...rest } = entry;
  const n = ticks.length;
  const head = encoder.encode(JSON.stringify(
    {
      ...rest,
      kind: ENTRY_KINDS.indexOf(kind),
      feed: key.feed,
      epoch: key.epoch,
    } satisfies Head,
  ));
  const numbers = [ticks.ts, ticks.price, ticks.size, ticks.seq] as const;
  const symbolPacking = isConstant(ticks.symbol, n) ? CONSTANT : U16;
  const room = roomAbove(n);
  const packings = numbers.map((column, i) => packColumn(column, n, room[i]));
  const columnBytes = packings.reduce(
    (sum, { packing }) => sum + BYTES_PER_ROW[packing] * n,
    BYTES_PER_ROW[symbolPacking] * n,
  );
  const bytes = new Uint8Array(HEAD_AT + head.length + columnBytes);
  const view = new DataView(bytes.buffer);
  bytes[0] = VERSION;
  bytes[1] = symbolPacking;
  view.setUint32(HEAD_BYTES_AT, head.length, true);
  view.setUint32(LENGTH_AT, n, true);
  view.setUint32(
    SYMBOL_AT,
    symbolPacking === CONSTANT && n > 0 ? ticks.symbol[0] : 0,
    true,
  );
  bytes.set(head, HEAD_AT);
  let at = HEAD_AT + head.length;
  if (symbolPacking === U16) {
    putBytes(bytes, at, ticks.symbol.subarray(0, n));
    at += n * 2;
  }
  for (let i = 0; i < numbers.length; i++) {
    const { packing, base } = packings[i];
    bytes[2 + i] = packing;
    view.setFloat64(BASES_AT + 8 * i, base, true);
    if (packing === F64) putBytes(bytes, at, numbers[i].subarray(0, n));
    if (packing === U32) putBytes(bytes, at, room[i].subarray(0, n));
    at += BYTES_PER_ROW[packing] * n;
  }
  view.setUint32(CRC_AT, checksum(bytes), true);
  return bytes;
}

/**
 * Reads what `encodeEntry` wrote.
 *
 * @throws {CorruptEntryError} If a byte is missing or is not what was written.
 */
export function decodeEntry(bytes: Uint8Array): StreamEntry {
  if (bytes.length < HEAD_AT) {
    throw new CorruptEntryError(
      `Cannot decode an entry of ${bytes.length} bytes as it must have at ` +
        `least ${HEAD_AT}`,
    );
  }
  if (bytes[0] !== VERSION) {
    throw new CorruptEntryError(
      `Cannot decode an entry of version ${bytes[0]} as it must be ${VERSION}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const crc = view.getUint32(CRC_AT, true);
  const actual = checksum(bytes);
  if (crc !== actual) {
    throw new CorruptEntryError(
      `Cannot decode an entry with checksum ${actual} as it must be ${crc}`,
    );
  }
  const headBytes = view.getUint32(HEAD_BYTES_AT, true);
  const n = view.getUint32(LENGTH_AT, true);
  const ticks = tickColumns(n);
  ticks.length = n;
  let at = HEAD_AT + headBytes;
  if (bytes[1] === CONSTANT) ticks.symbol.fill(view.getUint32(SYMBOL_AT, true));
  else takeBytes(bytes, at, ticks.symbol);
  at += BYTES_PER_ROW[bytes[1]] * n;
  const numbers = [ticks.ts, ticks.price, ticks.size, ticks.seq];
  for (let i = 0; i < numbers.length; i++) {
    const packing = bytes[2 + i];
    unpack(numbers[i], packing, view.getFloat64(BASES_AT + 8 * i, true), {
      bytes,
      at,
    });
    at += BYTES_PER_ROW[packing] * n;
  }
  assert(at === bytes.length, "an entry that passed its check is whole");
  const head: Head = JSON.parse(
    decoder.decode(bytes.subarray(HEAD_AT, HEAD_AT + headBytes)),
  );
  return {
    kind: ENTRY_KINDS[head.kind],
    key: { feed: head.feed, epoch: head.epoch },
    delivery: head.delivery,
    node: head.node ?? "", // logs of the first release have none
    replay: head.replay,
    receivedAt: head.receivedAt as EpochMicros,
    received: head.received,
    duplicates: head.duplicates,
    symbols: head.symbols as readonly EntrySymbol[],
    ticks,
    rejects: head.rejects as readonly Reject[],
    readmitted: head.readmitted,
    gaps: head.gaps as readonly SeqGap[],
    ...head.readmission && { readmission: head.readmission },
  };
}

function checksum(bytes: Uint8Array): number {
  return crc32(bytes.subarray(CRC_AT + 4), crc32(bytes.subarray(0, CRC_AT)));
}

function roomAbove(n: number): readonly Uint32Array[] {
  if (above[0].length < n) above = above.map(() => new Uint32Array(n));
  return above;
}

function isConstant(column: Uint16Array, n: number): boolean {
  for (let i = 1; i < n; i++) if (column[i] !== column[0]) return false;
  return true;
}

function unpack(
  column: Float64Array,
  packing: number,
  base: number,
  from: { readonly bytes: Uint8Array; readonly at: number },
): void {
  const n = column.length;
  switch (packing) {
    case CONSTANT:
      column.fill(base);
      return;
    case CONSECUTIVE:
      for (let i = 0; i < n; i++) column[i] = base + i;
      return;
    case U32: {
      const more = new Uint32Array(n);
      takeBytes(from.bytes, from.at, more);
      for (let i = 0; i < n; i++) column[i] = base + more[i];
      return;
    }
    default:
      takeBytes(from.bytes, from.at, column);
  }
}

function putBytes(
  bytes: Uint8Array,
  at: number,
  column: Uint16Array | Uint32Array | Float64Array,
): void {
  bytes.set(
    new Uint8Array(column.buffer, column.byteOffset, column.byteLength),
    at,
  );
}

function takeBytes(
  bytes: Uint8Array,
  at: number,
  column: Uint16Array | Uint32Array | Float64Array,
): void {
  new Uint8Array(column.buffer, column.byteOffset, column.byteLength).set(
    bytes.subarray(at, at + column.byteLength),
  );
}
