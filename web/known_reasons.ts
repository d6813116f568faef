import { isAuthorized } from "./require_token.ts";
import type { Services } from "./services.ts";

/** What does not work now, in words, for those who may know; none if all does. */
export async function knownReasons(
  services: Services,
  request: Request,
): Promise<readonly string[]> {
  const { apiToken } = services;
  const known = apiToken === null || isAuthorized(request.headers, apiToken);
  return known ? (await services.health()).reasons : [];
}
