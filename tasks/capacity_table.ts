import type { CapacityPlan, Deployment } from "./capacity_plan.ts";

const NAMES: Readonly<Record<Deployment, string>> = {
  embedded: "one process with the embedded stores",
  single: "one process with a Redis and a PostgreSQL",
  cluster: "processes by roles with a Redis and a PostgreSQL",
};

/** A plan as people read it in a terminal. */
export function describePlan(plan: CapacityPlan): string {
  const { redis, postgres, perDay } = plan;
  const rows: [string, string][] = [
    ["deployment", `${plan.deployment}: ${NAMES[plan.deployment]}`],
    ...plan.processes.map(({ roles, count, cores, memoryMb }) =>
      [
        `ROLES=${roles}`,
        `${count} × ${cores} ${cores === 1 ? "core" : "cores"}, ` +
        `${number(memoryMb)} MB`,
      ] as [string, string]
    ),
  ];
  if (redis !== null) {
    rows.push([
      redis.replicas > 0 ? "Redis Cluster" : "Redis",
      (redis.replicas > 0
        ? `${redis.servers} primaries, ${redis.replicas} replicas`
        : String(redis.servers)) +
      ` × ${number(redis.memoryMb)} MB; backlog of the outage ` +
      `${number(redis.backlogMb)} MB, appends ` +
      `${number(redis.appendsMbPerS)} MB/s`,
    ]);
  }
  if (postgres !== null) {
    rows.push([
      "PostgreSQL",
      `${postgres.servers} for ${number(postgres.rowsPerS)} rows/s; ` +
      `${postgres.connections} connections`,
    ]);
  }
  rows.push(
    [
      "candles a day",
      `${number(perDay.candles)}, ${number(perDay.candlesGb)} GB`,
    ],
    [
      "ticks a day",
      `${number(perDay.ticksGb)} GB; archive ${number(plan.archiveGb)} GB`,
    ],
    ["all models fitted", `${number(plan.fitSeconds)} s of one core`],
    ["streams", `${number(plan.streamsMbitPerS)} Mbit/s`],
    ...Object.entries(plan.settings),
  );
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...plan.beyond.length === 0
      ? []
      : ["", "Beyond what the program can do now:"],
    ...plan.beyond.map((reason) => `- ${reason}`),
  ].join("\n");
}

/** Three digits are all that such figures bear. */
function number(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en", {
    maximumFractionDigits: 3,
  });
}
