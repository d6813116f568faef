import {
  type EpochMicros,
  MICROS_PER_SECOND,
} from "../pipeline/domain/time.ts";
import type { Audit } from "../pipeline/ports.ts";
import type { Services } from "./services.ts";

const FRESH_FOR = 5 * MICROS_PER_SECOND;

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
  const audit = services.audit.audit().catch(() => {
    cache.delete(services);
    return null;
  });
  cache.set(services, { at: now, audit });
  return audit;
}
