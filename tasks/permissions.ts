/**
 * Prints the narrowest command line that runs the configuration at hand;
 * `edge` prints that of pages at a host.
 */
import { ConfigError, parseConfig, settings } from "../pipeline/config.ts";
import { readSecretFiles } from "../pipeline/secret_files.ts";
import { fileKeyOf, SECRET_KEYS } from "../pipeline/secret_keys.ts";
import { edgeEnvironment } from "../program/edge_environment.ts";
import { edgeFlags, narrowestFlags } from "./narrowest_flags.ts";

const EDGE = "_build/edge.js";

try {
  const isEdge = Deno.args.includes("edge");
  const env = Deno.env.toObject();
  const whole = readSecretFiles(env);
  const config = parseConfig(isEdge ? edgeEnvironment(whole) : whole);
  const keys = [
    ...settings.map(({ key }) => key),
    ...SECRET_KEYS.map(fileKeyOf),
  ];
  const given = Object.fromEntries(
    keys.filter((key) => env[key]).map((key) => [key, env[key]]),
  );
  console.log(
    (isEdge
      ? ["deno serve", ...edgeFlags(config, given, EDGE), EDGE]
      : ["deno run", ...narrowestFlags(config, given), "main.ts"]).join(" "),
  );
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
