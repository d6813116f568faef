import { fileKeyOf, SECRET_KEYS } from "../pipeline/secret_keys.ts";

/**
 * Prints the folders outside the project that the settings name, for the
 * permission flags of the tasks: `DATA_DIR`, and to read also the files of
 * settings that are set.
 */
const paths = [Deno.env.get("DATA_DIR") || "./data"];
if (Deno.args.includes("--read")) {
  const keys = ["INSTRUMENTS", "FEED_RULES", ...SECRET_KEYS.map(fileKeyOf)];
  for (const key of keys) {
    const path = Deno.env.get(key);
    if (path) paths.push(path);
  }
}
for (const path of paths) {
  if (path.includes(",")) {
    console.error(
      `Cannot use the path ${JSON.stringify(path)} as it must have no comma`,
    );
    Deno.exit(2);
  }
}
console.log(paths.join(","));
