import type { SkillBrief } from "../components/api_views.ts";
import { recordOf } from "../components/describe_skill.ts";
import {
  type EpochMicros,
  MICROS_PER_SECOND,
} from "../pipeline/domain/time.ts";
import { readModels } from "./query_models.ts";
import type { Services } from "./services.ts";

/** The record of a model and instrument, in brief; `null` if it has none. */
export type BriefOf = (symbol: string, model: string) => SkillBrief | null;

/** A record changes once a minute, and reading all of them takes its time. */
const FRESH_FOR = 30 * MICROS_PER_SECOND;

const cache = new WeakMap<
  Services,
  { readonly at: EpochMicros; readonly reading: Promise<BriefOf> }
>();

/** Reads the records of all instruments, at most once in half a minute. */
export function readBriefs(services: Services): Promise<BriefOf> {
  const now = services.clock.now();
  const cached = cache.get(services);
  if (cached !== undefined && now - cached.at < FRESH_FOR) {
    return cached.reading;
  }
  const reading = read(services);
  cache.set(services, { at: now, reading });
  reading.catch(() => cache.delete(services));
  return reading;
}

async function read(services: Services): Promise<BriefOf> {
  const symbols = services.catalog.all().map(({ symbol }) => symbol);
  const models = await readModels(services, symbols);
  const bySymbol = Map.groupBy(models, ({ symbol }) => symbol);
  return (symbol, model) => {
    const record = recordOf(bySymbol.get(symbol) ?? [], model);
    if (record === undefined) return null;
    const { source, n, skill, verdict } = record;
    return { model, source, n, skill, verdict };
  };
}
