/** Numbers that the arena holds: 2 MB. */
const ARENA = 1 << 18;

let arena: Float64Array | null = null;
let used = 0;
let open = false;

/**
 * Runs something whose arrays do not outlive it: within, `splitArray` takes
 * them from memory that is kept from one such run to the next, as making and
 * collecting them would cost more than a fit. Not to be nested.
 */
export function withArena<T>(run: () => T): T {
  arena ??= new Float64Array(ARENA);
  used = 0;
  open = true;
  try {
    return run();
  } finally {
    open = false;
  }
}

/** An array of this length, filled with 0. */
export function takeArray(length: number): Float64Array {
  return splitArray(1, length)[0];
}

/** `count` arrays of this length in one piece of memory, filled with 0. */
export function splitArray(count: number, length: number): Float64Array[] {
  const total = count * length;
  let whole: Float64Array;
  let from = 0;
  if (open && arena !== null && used + total <= ARENA) {
    whole = arena;
    from = used;
    used += total;
    whole.fill(0, from, used);
  } else {
    whole = new Float64Array(total);
  }
  const out: Float64Array[] = [];
  for (let i = 0; i < count; i++) {
    out.push(whole.subarray(from + i * length, from + (i + 1) * length));
  }
  return out;
}
