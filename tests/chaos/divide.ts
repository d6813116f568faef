import { repartition } from "../../tasks/repartition.ts";
import type { Stage } from "./run_chaos.ts";

/** A process says what it is soon after its start, however busy the machine. */
const THERE_MS_MAX = 60_000;
const AGAIN_MS = 250;

/**
 * Runs `deno task repartition` on what a scenario runs, again while it refuses
 * a process that has only just started; `onSaid` hears what it says.
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
  const deadline = performance.now() + THERE_MS_MAX;
  for (;;) {
    try {
      const result = await repartition(patient, { databaseUrl }, {
        signal: new AbortController().signal,
        say(text) {
          console.log(text);
          onSaid(text);
        },
      });
      // deno-lint-ignore no-explicit-any -- read as anybody reads its JSON
      return (result as any).report;
    } catch (error) {
      const isNew = /only just started/.test(String(error));
      if (!isNew || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
