/** Prints the narrowest command line that runs the configuration at hand. */
import { ConfigError, parseConfig, settings } from "../pipeline/config.ts";
import { narrowestFlags } from "./narrowest_flags.ts";

try {
  const config = parseConfig(Deno.env.toObject());
  const given = settings.map(({ key }) => key).filter((key) =>
    Deno.env.get(key)
  );
  console.log(
    ["deno run", ...narrowestFlags(config, given), "main.ts"].join(" "),
  );
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
