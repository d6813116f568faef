/**
 * The program for hosts that call a handler, as `deno serve edge.ts` does: all
 * of it but the HTTP server, which is the host's.
 *
 * `deno task build` writes the islands' code first; nothing is bundled here.
 */
import { readBundle } from "./fresh/bundle.ts";
import { app, run } from "./main.ts";
import { withSecurityHeaders } from "./web/security_headers.ts";

await readBundle(
  decodeURIComponent(new URL("_build", import.meta.url).pathname),
);
await run({ http: "host" });

export default { fetch: withSecurityHeaders(app.handler()) };
