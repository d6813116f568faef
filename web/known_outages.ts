import type { Outage } from "../components/outage.ts";
import { isAuthorized } from "./require_token.ts";
import type { Services } from "./services.ts";

/** What does not work now, for those who may know; nothing if all does. */
export async function knownOutages(
  services: Services,
  request: Request,
): Promise<Outage> {
  const { apiToken } = services;
  const known = apiToken === null || isAuthorized(request.headers, apiToken);
  if (!known) return { reasons: [], warnings: [] };
  const { reasons, warnings } = await services.health();
  return { reasons, warnings };
}
