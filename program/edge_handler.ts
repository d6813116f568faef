import type { CalendarSpec } from "../pipeline/calendars/calendar_spec.ts";
import { checkedCalendars } from "../pipeline/calendars/load_markets.ts";
import { parseConfig } from "../pipeline/config.ts";
import { readSecretFiles } from "../pipeline/secret_files.ts";
import { withSecurityHeaders } from "../web/security_headers.ts";
import { edgeEnvironment } from "./edge_environment.ts";
import { app, run } from "./run_program.ts";

/** What a host calls for each request, once the stores are open. */
export interface EdgeHandler {
  readonly fetch: (
    request: Request,
    info?: Deno.ServeHandlerInfo,
  ) => Promise<Response>;
}

/**
 * Starts the pages for a host that calls a handler; a setting that cannot be
 * used ends the process.
 *
 * @param calendars Those at hand, checked; read from files if absent.
 */
export async function edgeHandler(
  calendars?: readonly CalendarSpec[],
): Promise<EdgeHandler> {
  await run({
    http: "host",
    config: Promise.try(() =>
      parseConfig(edgeEnvironment(readSecretFiles(Deno.env.toObject())))
    ),
    calendars: calendars && checkedCalendars(calendars),
  });
  return { fetch: withSecurityHeaders(app.handler()) };
}
