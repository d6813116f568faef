import type { SkillBrief } from "../components/api_views.ts";
import { recordOf } from "../components/describe_skill.ts";
import { keptFor } from "./kept_answers.ts";
import { readModels } from "./query_models.ts";
import type { Services } from "./services.ts";

/** The record of a model and instrument, in brief; `null` if it has none. */
export type BriefOf = (symbol: string, model: string) => SkillBrief | null;

/** A record changes once a minute, and reading all of them takes its time. */
const briefs = keptFor<BriefOf>({ freshS: 30, shownS: 90 });

/** Reads the records of all instruments, at most once in half a minute. */
export function readBriefs(services: Services): Promise<BriefOf> {
  return briefs(services).get("all", () => read(services));
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
