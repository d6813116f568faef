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
const NOTHING = new Uint8Array();

let lookedAt = -Infinity;

/**
 * The same for who takes turn after turn, such as the reader of a feed that
 * always has more to say: what comes by sockets, and timers, are looked for in
 * between. While some turn is always asked for, Deno's event loop looks for them
 * but every 61 turns, which was 80 ms; it looks whenever it waits, if only for
 * another thread (decision 54).
 */
export async function nextTurnOfMany(): Promise<void> {
  const now = performance.now();
  if (now - lookedAt >= LOOK_MS) {
    lookedAt = now;
    await crypto.subtle.digest("SHA-1", NOTHING);
  }
  await nextTurn();
}
