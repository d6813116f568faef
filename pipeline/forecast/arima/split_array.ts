/** Numbers that the arena holds: 2 MB. */
const ARENA = 1 << 18;
/** Up to this length a loop clears an array sooner than a call does. */
const FEW = 32;

let arena: Float64Array | null = null;
let used = 0;
let open = false;

/**
 * Runs something whose arrays do not outlive it: within, `takeArray` and the
 * like take them from memory that is kept from one such run to the next, as
 * making and collecting them would cost more than a fit: a microsecond or two
 * each, however short. One within another gives back only what it took itself.
 */
export function withArena<T>(run: () => T): T {
  arena ??= new Float64Array(ARENA);
  const before = { used, open };
  open = true;
  try {
    return run();
  } finally {
    ({ used, open } = before);
  }
}

/** An array of this length, filled with 0. */
export function takeArray(length: number): Float64Array {
  if (!open || arena === null || used + length > ARENA) {
    return new Float64Array(length);
  }
  const taken = new Float64Array(
    arena.buffer,
    used * Float64Array.BYTES_PER_ELEMENT,
    length,
  );
  used += length;
  if (length > FEW) taken.fill(0);
  else for (let i = 0; i < length; i++) taken[i] = 0;
  return taken;
}

/** An array of the same numbers. */
export function copyArray(x: ArrayLike<number>): Float64Array {
  const copy = takeArray(x.length);
  for (let i = 0; i < copy.length; i++) copy[i] = x[i];
  return copy;
}

/** `count` arrays of this length, filled with 0. */
export function splitArray(count: number, length: number): Float64Array[] {
  const out: Float64Array[] = [];
  for (let i = 0; i < count; i++) out.push(takeArray(length));
  return out;
}
