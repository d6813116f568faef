import { setImmediate } from "node:timers";

/**
 * Resolves when whatever else waits has had its turn: timers, sockets,
 * requests. Promises alone give nobody a turn, and a read or an accept that
 * finds something at once resolves as one, a hundred times in a row.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
