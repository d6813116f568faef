import type { Outage } from "../components/outage.ts";
import type { Services } from "./services.ts";
import { isKnown } from "./sign_in.ts";

/** As often as the program looks by itself, and a little: no page waits for it. */
const AGE_MS_MAX = 3_000;

/** What does not work now, for those who may know; nothing if all does. */
export async function knownOutages(
  services: Services,
  request: Request,
): Promise<Outage> {
  if (!isKnown(services, request.headers)) return { reasons: [], warnings: [] };
  const { reasons, warnings } = await services.health(AGE_MS_MAX);
  return { reasons, warnings };
}
