import { setImmediate } from "node:timers";

/**
 * Resolves when whatever else waits has had its turn: timers, sockets,
 * requests. Promises alone give nobody a turn, and a read or an accept that
 * finds something at once resolves as one, a hundred times in a row.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** How long sockets and timers may wait for who always has more to do. */
const LOOK_MS = 8;
/** Its digest takes another thread until this one has come to rest. */
const SOME_BYTES = new Uint8Array(32 * 1_024);

let lookedAt = -Infinity;
let looking: Promise<void> | null = null;
let askers = 0;

/**
 * The same for who takes turn after turn, such as the reader of a feed that
 * always has more to say: what comes by sockets, and timers, are looked for in
 * between. While some turn is always asked for, Deno's event loop looks for them
 * but every 61 turns, which was 80 ms; it looks whenever it waits, if only for
 * another thread (decision 54). All who ask wait for it, as a turn that one of
 * them asked for would keep it from waiting.
 */
export async function nextTurnOfMany(): Promise<void> {
  if (performance.now() - lookedAt >= LOOK_MS) looking ??= look();
  if (looking !== null) {
    askers++;
    await looking;
  }
  await nextTurn();
}

async function look(): Promise<void> {
  try {
    await crypto.subtle.digest("SHA-1", SOME_BYTES);
    // Turns of others were asked for before: now all of them wait.
    if (askers > 1) await crypto.subtle.digest("SHA-1", SOME_BYTES);
  } finally {
    lookedAt = performance.now();
    looking = null;
    askers = 0;
  }
}
