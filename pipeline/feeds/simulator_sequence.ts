import { assert } from "../domain/assert.ts";
import type { Welcome } from "./feed_messages.ts";

const SECONDS_PER_MINUTE = 60;
const SECONDS_PER_DAY = 86_400;
/** Epochs from here on are times: 2020-01-01. */
const EARLIEST_START = 1_577_836_800;

/** Most symbols that one simulator sends. */
export const SYMBOLS_MAX = 59;

/**
 * The simulator's epoch: the Unix second, a whole minute, of its first tick,
 * plus how many symbols take turns. With it a number alone says which symbol
 * and second it stands for, so a simulator that starts again goes on exactly
 * where it was.
 */
export function epochOf(startSecond: number, symbols: number): number {
  assert(
    startSecond % SECONDS_PER_MINUTE === 0 && startSecond >= EARLIEST_START,
    `${startSecond} is a whole minute since 2020`,
  );
  assert(
    symbols >= 1 && symbols <= SYMBOLS_MAX,
    `${symbols} symbols are 1 to ${SYMBOLS_MAX}`,
  );
  return startSecond + symbols;
}

/** What an epoch stands for, or `null` if the simulator did not choose it. */
export function readEpoch(
  epoch: number,
): { readonly startSecond: number; readonly symbols: number } | null {
  const symbols = epoch % SECONDS_PER_MINUTE;
  if (epoch < EARLIEST_START || symbols === 0) return null;
  return { startSecond: epoch - symbols, symbols };
}

/**
 * The epoch to send, given what the listener has.
 *
 * It goes on with the newest one where it can. It begins a new one, with
 * `historySeconds` before now, if there is none or that one is more than a day
 * behind; and, where other symbols were sent before, one that begins after
 * what they have brought, since seconds must not be sent twice.
 */
export function chooseEpoch(
  { epoch, resume_after }: Pick<Welcome, "epoch" | "resume_after">,
  given: {
    readonly nowSecond: number;
    readonly symbols: number;
    readonly historySeconds: number;
  },
): number {
  const { nowSecond, symbols, historySeconds } = given;
  const fresh = wholeMinute(nowSecond - historySeconds);
  const known = readEpoch(epoch);
  if (known === null) return epochOf(fresh, symbols);
  const reached = known.startSecond + Math.ceil(resume_after / known.symbols);
  if (reached < nowSecond - SECONDS_PER_DAY) return epochOf(fresh, symbols);
  if (known.symbols === symbols) return epoch;
  const after = wholeMinute(
    Math.max(reached, known.startSecond + 1) + SECONDS_PER_MINUTE - 1,
  );
  return epochOf(after, symbols);
}

function wholeMinute(second: number): number {
  return second - second % SECONDS_PER_MINUTE;
}
