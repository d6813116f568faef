import { RARE_SCENARIOS } from "../tests/chaos/rare_scenarios.ts";
import { scenario } from "../tests/chaos/scenario.ts";
import { startServers } from "../tests/chaos/world.ts";
import { chaos } from "./chaos.ts";
import { runTask, type TaskContext, type TaskResult } from "./run_task.ts";

const USAGE = `Long chaos: first what takes too long for every change (a
PostgreSQL that comes back older than it was, a clock that is put back and
forward, programs that are replaced under load, a million ticks at once), then
faults at random.

deno task soak [OPTIONS], those of "deno task chaos":

  deno task soak --seconds 30m
  deno task soak --ticks 10000000 --faults 100
`;

/** The task: the rare scenarios, then chaos for as long as was asked for. */
export async function soak(
  args: readonly string[],
  context: TaskContext,
): Promise<TaskResult> {
  if (args.includes("--help")) return USAGE;
  const servers = await startServers();
  try {
    for (const { name, missing, ...rest } of RARE_SCENARIOS) {
      if (context.signal.aborted) break;
      if (missing) {
        context.say(`${name}: left out, as ${missing} is not installed`);
        continue;
      }
      await scenario(servers, name, rest);
    }
  } finally {
    await servers.close();
  }
  return await chaos(args, context);
}

if (import.meta.main) await runTask(soak);
