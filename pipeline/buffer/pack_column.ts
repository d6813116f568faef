/** How a column of an entry is packed, as the entry says. */
export const CONSTANT = 0;
export const CONSECUTIVE = 1;
export const U32 = 2;
export const F64 = 3;
export const U16 = 4;

/** A column of numbers as it is packed. */
export interface PackedColumn {
  readonly packing:
    | typeof CONSTANT
    | typeof CONSECUTIVE
    | typeof U32
    | typeof F64;
  readonly base: number;
}

/** Above this a sum with what an int32 holds may not be exact. */
const FIRST_MAX = Number.MAX_SAFE_INTEGER - 2 ** 32;

/**
 * Finds the shortest packing of a column's first `n` values. Those above the
 * base are left in `more`, if it is `U32`, which has room for `n`.
 *
 * One pass for what usual columns are: whole numbers near each other, whose
 * differences are int32. Whatever is not goes to `packPlainly`, and a property
 * test holds both equal.
 */
export function packColumn(
  column: Float64Array,
  n: number,
  more: Uint32Array,
): PackedColumn {
  const first = column[0];
  if (n === 0 || !Number.isSafeInteger(first) || Math.abs(first) > FIRST_MAX) {
    return packPlainly(column, n, more);
  }
  let low = 0;
  let differs = 0;
  let jumps = 0;
  for (let i = 0; i < n; i++) {
    const above = (column[i] - first) | 0;
    if (first + above !== column[i]) return packPlainly(column, n, more);
    more[i] = above;
    differs |= above;
    jumps |= above - i;
    if (above < low) low = above;
  }
  if (differs === 0) return { packing: CONSTANT, base: first };
  if (jumps === 0) return { packing: CONSECUTIVE, base: first };
  if (low < 0) { for (let i = 0; i < n; i++) more[i] -= low; }
  return { packing: U32, base: first + low };
}

/** The same for any column, plainly. */
export function packPlainly(
  column: Float64Array,
  n: number,
  more: Uint32Array,
): PackedColumn {
  if (n === 0) return { packing: CONSTANT, base: 0 };
  const first = column[0];
  let min = first;
  let constant = true;
  let consecutive = true;
  for (let i = 1; i < n; i++) {
    const value = column[i];
    if (value < min) min = value;
    if (value !== first) constant = false;
    if (value !== first + i) consecutive = false;
  }
  if (constant) return { packing: CONSTANT, base: first };
  if (consecutive) return { packing: CONSECUTIVE, base: first };
  // Whole numbers up to 2^53 are exact: only their differences must fit.
  if (!Number.isSafeInteger(min)) return { packing: F64, base: 0 };
  for (let i = 0; i < n; i++) {
    const above = column[i] - min;
    if (above >>> 0 !== above || min + above !== column[i]) {
      return { packing: F64, base: 0 };
    }
    more[i] = above;
  }
  return { packing: U32, base: min };
}
