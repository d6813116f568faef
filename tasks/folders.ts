/**
 * Prints the folders outside the project that the settings name, for the
 * permission flags of the tasks: `DATA_DIR`, and `INSTRUMENTS` if it is set.
 */
const paths = [Deno.env.get("DATA_DIR") || "./data"];
if (Deno.args.includes("--read")) {
  const instruments = Deno.env.get("INSTRUMENTS");
  if (instruments) paths.push(instruments);
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
