/**
 * Takes the work from one process of several, or gives it back; `--help` says
 * what it can do.
 *
 * One line of JSON on stdout says which processes there are. Exits with 0 if it
 * was done, 2 for a bad command line, 1 for everything else.
 */
import { PgNodeStore } from "../db/node_store.ts";
import { PgPipelineStore } from "../db/pipeline_store.ts";
import type { PipelineState } from "../pipeline/ports.ts";
import {
  type FleetConfig,
  onFleetDatabase,
  runFleetTask,
} from "./fleet_task.ts";
import type { TaskContext, TaskResult } from "./run_task.ts";
import {
  describeOptions,
  flag,
  helpOption,
  option,
  OptionsError,
  parseOptions,
  seconds,
} from "./task_options.ts";

const LOOK_MS = 250;

const OPTIONS = {
  back: flag("Gives it work again"),
  wait: option({
    takes: "N",
    fallback: "60",
    wanted: "a number of seconds, or a length of time such as 2m",
    meaning: "How long its work may take to go to the others",
    read: seconds,
  }),
  help: helpOption,
};

const USAGE = `Takes the work from one process of several that share a Redis and
a PostgreSQL, so that it can be stopped without anybody waiting.

deno task drain [NODE_NAME] [OPTIONS]

The process gives its partitions and tasks to the others and listens to feeds no
more; those with acks go on at the next address that they know. Its /readyz says
503, so that balancers send nobody there. It stays so, also when it is started
again, until --back. Without a name nothing is changed, and the processes are
told. DATABASE_URL is that of the processes, as is DATABASE_WS_URL where it
leads through a relay.

${describeOptions(OPTIONS)}
`;

/** The task, on the database of a running fleet. */
export async function drain(
  args: readonly string[],
  config: FleetConfig,
  { signal, say }: TaskContext,
): Promise<TaskResult> {
  const { values, rest } = parseOptions(OPTIONS, args);
  if (values.help) return USAGE;
  if (rest.length > 1) {
    throw new OptionsError(`Cannot use ${rest.slice(1).join(" ")}`);
  }
  const { databaseUrl } = config;
  if (databaseUrl === null) {
    throw new Error(
      "Cannot drain without DATABASE_URL: one process alone has nobody to " +
        "give its work to",
    );
  }
  const [node] = rest;
  if (node === undefined && values.back) {
    throw new OptionsError("Cannot give work back without a NODE_NAME");
  }
  return await onFleetDatabase(databaseUrl, config, async (db) => {
    const nodes = new PgNodeStore(db);
    const pipeline = new PgPipelineStore(db);
    const before = await pipeline.state();
    if (node === undefined) return { report: reportOf(before), ok: true };
    if (values.back) {
      await nodes.drain(node, false);
      return { report: reportOf(await pipeline.state()), ok: true };
    }
    checkOthers(before, node);
    await nodes.drain(node, true);
    const deadline = performance.now() + values.wait * 1_000;
    let said = "";
    for (;;) {
      const state = await pipeline.state();
      const left = workOf(state, node);
      if (left === "") return { report: reportOf(state), ok: true };
      if (left !== said) say(`${node} still has ${said = left}`);
      if (signal.aborted || performance.now() > deadline) {
        throw new Error(
          `${node} still has ${left}; it is drained as soon as it answers, ` +
            `or --back gives its work back`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  });
}

/** @throws {Error} If there is no such process, or nobody to take its work. */
function checkOthers({ processes }: PipelineState, node: string): void {
  const known = processes.map((one) => one.node);
  if (!known.includes(node)) {
    throw new Error(
      `Cannot drain ${JSON.stringify(node)} as no process of that name is ` +
        `there; there are ${[...new Set(known)].join(", ") || "none"}`,
    );
  }
  const rolesOf = (of: typeof processes) =>
    new Set(of.flatMap((one) => one.roles));
  const others = rolesOf(
    processes.filter((one) => one.node !== node && !one.toDrain),
  );
  const missing = [...rolesOf(processes.filter((one) => one.node === node))]
    .filter((role) => !others.has(role));
  if (missing.length > 0) {
    throw new Error(
      `Cannot drain ${JSON.stringify(node)} as no other process has the role ` +
        missing.join(", "),
    );
  }
}

/** What a process has not given away, in words; "" for nothing. */
function workOf(state: PipelineState, node: string): string {
  const own = state.processes.filter((one) => one.node === node);
  const owners = own.map(({ owner }) => owner);
  const partitions = state.partitions.filter(({ held, owner }) =>
    held && owner !== null && owners.includes(owner)
  );
  const tasks = state.tasks.filter(({ owner }) => owners.includes(owner));
  return [
    ...own.some(({ drained }) => !drained) ? ["not heard of it"] : [],
    ...partitions.length > 0 ? [`${partitions.length} partitions`] : [],
    ...tasks.map(({ task }) => `the task ${task}`),
  ].join(" and ");
}

function reportOf({ processes, partitions, tasks }: PipelineState) {
  return {
    processes: processes.map(({ owner, node, roles, drained, toDrain }) => ({
      node,
      roles,
      partitions: partitions.filter((one) => one.held && one.owner === owner)
        .map(({ p }) => p),
      tasks: tasks.filter((one) => one.owner === owner)
        .map(({ task }) => task),
      drained: drained && toDrain,
    })),
  };
}

if (import.meta.main) await runFleetTask(drain);
