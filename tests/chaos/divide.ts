import { repartition } from "../../tasks/repartition.ts";
import type { Stage } from "./run_chaos.ts";

/**
 * Runs `deno task repartition` on what a scenario runs; `onSaid` hears what it
 * says.
 *
 * @returns Its report.
 */
export async function divide(
  { databaseUrl }: Pick<Stage, "databaseUrl">,
  args: readonly string[],
  onSaid: (text: string) => void = () => {},
) {
  // The machine may stand still meanwhile.
  const patient = [...args, "--wait=5m"];
  const result = await repartition(patient, { databaseUrl }, {
    signal: new AbortController().signal,
    say(text) {
      console.log(text);
      onSaid(text);
    },
  });
  // deno-lint-ignore no-explicit-any -- read as anybody reads its JSON
  return (result as any).report;
}
