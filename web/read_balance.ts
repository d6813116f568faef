import type { Audit } from "../pipeline/ports.ts";
import { inTime } from "./in_time.ts";
import { keptFor } from "./kept_answers.ts";
import type { Services } from "./services.ts";

/** The foot of a page is worth no longer wait. */
const WAIT_MS_MAX = 1_500;

const balances = keptFor<Audit>({ freshS: 5, shownS: 60 });

/**
 * The balance for the foot of a page: at most five seconds old, or that of the
 * visit before.
 *
 * @returns `null` if the warehouse does not answer: a page still renders.
 */
export function readBalance(services: Services): Promise<Audit | null> {
  return balances(services)
    .get("audit", () => inTime(services.audit.audit(), WAIT_MS_MAX))
    .catch(() => null);
}
