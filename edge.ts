/**
 * The pages for hosts that call a handler, as `deno serve edge.ts` does: the
 * role web on a Redis and a PostgreSQL that other processes fill. It listens
 * nowhere, writes no file and starts no Worker.
 *
 * `deno task build` writes the islands' code first; nothing is bundled here.
 */
import { readBundle } from "./fresh/bundle.ts";
import { app, run } from "./main.ts";
import { readSecretFiles } from "./pipeline/secret_files.ts";
import { edgeEnvironment } from "./program/edge_environment.ts";
import { withSecurityHeaders } from "./web/security_headers.ts";

await Promise.all([
  readBundle(decodeURIComponent(new URL("_build", import.meta.url).pathname)),
  run({
    http: "host",
    environment: () => edgeEnvironment(readSecretFiles(Deno.env.toObject())),
  }),
]);

export default { fetch: withSecurityHeaders(app.handler()) };
