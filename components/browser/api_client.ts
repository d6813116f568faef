import type { ApiAnswer, ApiPath, ApiQuery } from "../../web/api_types.ts";
import { fetchJson } from "./fetch_json.ts";

/**
 * Asks this site for JSON, in the types of its schemas.
 *
 * @throws {Error} If the server does not answer, or not with success.
 */
export function askApi<Path extends ApiPath>(
  path: Path,
  query: ApiQuery<Path>,
  signal?: AbortSignal,
): Promise<ApiAnswer<Path>> {
  return fetchJson(apiUrl(path, query), signal);
}

/** Where something is asked for; parameters that are `undefined` are not. */
export function apiUrl<Path extends ApiPath>(
  path: Path,
  query: ApiQuery<Path>,
): string {
  // JSON leaves out what is `undefined`; lists are written with commas.
  return `${path}?${new URLSearchParams(JSON.parse(JSON.stringify(query)))}`;
}
