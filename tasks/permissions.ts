/**
 * Prints the narrowest command line that runs the configuration at hand;
 * `edge` prints that of pages at a host.
 */
import { ConfigError, parseConfig, settings } from "../pipeline/config.ts";
import { edgeEnvironment } from "../program/edge_environment.ts";
import { edgeFlags, narrowestFlags } from "./narrowest_flags.ts";

try {
  const isEdge = Deno.args.includes("edge");
  const env = Deno.env.toObject();
  const config = parseConfig(isEdge ? edgeEnvironment(env) : env);
  const given = settings.map(({ key }) => key).filter((key) =>
    Deno.env.get(key)
  );
  console.log(
    (isEdge
      ? ["deno serve", ...edgeFlags(config, given), "edge.ts"]
      : ["deno run", ...narrowestFlags(config, given), "main.ts"]).join(" "),
  );
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
