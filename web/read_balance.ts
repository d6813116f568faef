import {
  type EpochMicros,
  MICROS_PER_SECOND,
} from "../pipeline/domain/time.ts";
import type { Audit } from "../pipeline/ports.ts";
import { inTime } from "./in_time.ts";
import type { Services } from "./services.ts";

const FRESH_FOR = 5 * MICROS_PER_SECOND;
/** The foot of a page is worth no longer wait. */
const WAIT_MS_MAX = 1_500;

const cache = new WeakMap<
  Services,
  { at: EpochMicros; audit: Promise<Audit | null> }
>();

/**
 * The balance for the foot of a page, at most five seconds old.
 *
 * @returns `null` if the warehouse does not answer: a page still renders.
 */
export function readBalance(services: Services): Promise<Audit | null> {
  const now = services.clock.now();
  const cached = cache.get(services);
  if (cached !== undefined && now - cached.at < FRESH_FOR) return cached.audit;
  const audit = inTime(services.audit.audit(), WAIT_MS_MAX).catch(() => {
    return null;
  });
  cache.set(services, { at: now, audit });
  return audit;
}
