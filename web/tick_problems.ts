import { TooManyTicksError } from "../pipeline/archive/tick_gatherer.ts";
import {
  CheckUnderWayError,
  type TickHistory,
} from "../pipeline/archive/tick_history.ts";
import { ProblemError } from "./problem.ts";
import type { Services } from "./services.ts";

/**
 * Asks the ticks that are kept.
 *
 * @throws {ProblemError} If none are kept, or the question costs too much.
 */
export async function askTicks<T>(
  { ticks }: Services,
  question: (ticks: TickHistory) => Promise<T>,
): Promise<T> {
  if (ticks === undefined) {
    throw new ProblemError({
      type: "about:blank",
      title: "No ticks are kept",
      status: 404,
      detail: "TICK_RETENTION_DAYS must be above 0 for what is made of ticks",
    });
  }
  try {
    return await question(ticks);
  } catch (error) {
    if (error instanceof TooManyTicksError) {
      throw new ProblemError({
        type: "about:blank",
        title: "Too many ticks",
        status: 400,
        detail: `${error.message}; ask for a shorter range or a lower limit`,
      });
    }
    if (error instanceof CheckUnderWayError) {
      throw new ProblemError({
        type: "about:blank",
        title: "Busy",
        status: 503,
        detail: error.message,
      }, { "Retry-After": "5" });
    }
    throw error;
  }
}
