/**
 * The pages for hosts that call a handler, as `deno serve edge.ts` does: the
 * role web on a Redis and a PostgreSQL that other processes fill. It listens
 * nowhere, writes no file and starts no Worker.
 *
 * `deno task build` writes the islands' code first; nothing is bundled here. It
 * also writes `_build/edge.js`, which is the same in one file and starts sooner.
 */
import { readBundle } from "./fresh/bundle.ts";
import { edgeHandler } from "./program/edge_handler.ts";

const built = decodeURIComponent(new URL("_build", import.meta.url).pathname);
const [handler] = await Promise.all([edgeHandler(), readBundle(built)]);

export default handler;
