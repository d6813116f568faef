import { FORECAST_SHARDS } from "../pipeline/domain/forecast_shard.ts";

/** What a deployment is to bear. */
export interface Load {
  readonly instruments: number;
  /** Ticks a second at the peak, of all instruments together. */
  readonly rate: number;
  /** Pages open at a time. */
  readonly viewers: number;
  /** Minutes that PostgreSQL may be away while ticks wait in the buffer. */
  readonly outageMinutes: number;
  /** Hours a day in which ticks come. */
  readonly hours: number;
  readonly tickRetentionDays: number;
}

/**
 * What one part bears, to plan with: half of what was measured, or less.
 * docs/scale.md says where each comes from.
 */
export const PLANNED = {
  /** The embedded stores. */
  embeddedTicksPerS: 10_000,
  embeddedRowsPerS: 5_000,
  embeddedViewers: 500,
  /** Feed and aggregate on one core. */
  ticksPerCore: 25_000,
  /** One Redis, in batches, `appendfsync always`. */
  ticksPerRedis: 400_000,
  /** One PostgreSQL, in transactions of a thousand rows and more. */
  rowsPerPostgres: 50_000,
  viewersPerProcess: 5_000,
  /** The forecasts of one minute's edge, by one process on two cores. */
  forecastsPerEdge: 2_000,
} as const;

const BYTES_PER_TICK = 42;
const BYTES_PER_CANDLE = 120;
/** 5m, 15m, 1h and 1d beside each 1m. */
const ROLLUPS = 1 / 5 + 1 / 15 + 1 / 60 + 1 / 1_440;
/** Of one partition, while ticks come. */
const COMMITS_PER_S = 10;
const FIT_MS = 15;
const LIVE_PER_S = 4;
const LIVE_BYTES = 250;
/** A process, with the pages of nobody. */
const PROCESS_MB = 300;
const VIEWER_KB = 40;
/** Connections to PostgreSQL that a process keeps at most. */
const POOL = 8;
/** The setting's default. */
const BUFFER_MAX_MB = 2_048;
/** Redis must refuse nothing while the program still takes ticks. */
const REDIS_ROOM = 1.5;
const CLUSTER_PRIMARIES_MIN = 3;
const PARTITIONS_MAX = 1_024;
const INSTRUMENTS_MAX = 65_535;

export type Deployment = "embedded" | "single" | "cluster";

export interface CapacityPlan {
  readonly deployment: Deployment;
  /** Why the load is beyond what the program can do now; empty if it is not. */
  readonly beyond: readonly string[];
  /** By roles; one process has all of them where there is one entry only. */
  readonly processes: readonly {
    readonly roles: string;
    readonly count: number;
    readonly cores: number;
    readonly memoryMb: number;
  }[];
  readonly redis: {
    /** One, or the primaries of a cluster, which each have a replica. */
    readonly servers: number;
    readonly replicas: number;
    /** Of each, what it keeps for `BUFFER_KEEP_MINUTES` or the outage, and room. */
    readonly memoryMb: number;
    /** The backlog of the outage. */
    readonly backlogMb: number;
    readonly appendsMbPerS: number;
  } | null;
  readonly postgres: {
    readonly servers: number;
    readonly rowsPerS: number;
    readonly connections: number;
  } | null;
  readonly perDay: {
    readonly candles: number;
    readonly candlesGb: number;
    readonly ticksGb: number;
  };
  /** The archive of ticks, once its days are full. */
  readonly archiveGb: number;
  /** Of one core, for a fit of all models of all instruments. */
  readonly fitSeconds: number;
  /** To all viewers, if each looks at one instrument. */
  readonly streamsMbitPerS: number;
  /** Settings that differ from their defaults. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The smallest deployment that bears a load, with the sums behind it. */
export function planCapacity(load: Load): CapacityPlan {
  const { instruments, rate, viewers, outageMinutes, hours } = load;
  const rowsPerS = Math.min(rate, instruments * COMMITS_PER_S);
  const cores = Math.ceil(rate / PLANNED.ticksPerCore);
  const backlogMb = rate * outageMinutes * 60 * BYTES_PER_TICK / 1e6;
  const deployment = deploymentOf(load, rowsPerS);
  const processes = processesOf(deployment, load, cores);
  const partitions = partitionsOf(deployment, cores);
  const redisServers = redisServersFor(rate);
  const postgresServers = Math.ceil(rowsPerS / PLANNED.rowsPerPostgres);
  const webProcesses = processes.find(({ roles }) => roles.includes("web"))!;
  const candles = instruments * hours * 60 * (1 + ROLLUPS);
  const ticksGb = rate * hours * 3_600 * BYTES_PER_TICK / 1e9;
  const servers = deployment !== "embedded";
  return {
    deployment,
    beyond: beyond(load, {
      postgresServers,
      cores,
      servers,
    }),
    processes,
    redis: servers
      ? {
        servers: redisServers,
        replicas: redisServers > 1 ? redisServers : 0,
        memoryMb: Math.ceil(
          REDIS_ROOM * Math.max(BUFFER_MAX_MB, backlogMb) / redisServers,
        ),
        backlogMb: Math.ceil(backlogMb),
        appendsMbPerS: rate * BYTES_PER_TICK / 1e6,
      }
      : null,
    postgres: servers
      ? {
        servers: postgresServers,
        rowsPerS,
        connections: POOL *
          processes.reduce((sum, { count }) => sum + count, 0),
      }
      : null,
    perDay: { candles, candlesGb: candles * BYTES_PER_CANDLE / 1e9, ticksGb },
    archiveGb: ticksGb * load.tickRetentionDays,
    fitSeconds: instruments * FIT_MS / 1_000,
    streamsMbitPerS: viewers * LIVE_PER_S * LIVE_BYTES * 8 / 1e6,
    settings: settingsOf(load, {
      partitions,
      backlogMb,
      viewersOfProcess: viewers / Math.max(1, webProcesses.count - 1),
    }),
  };
}

/** A cluster agrees on a failover from three primaries on. */
function redisServersFor(rate: number): number {
  const servers = Math.ceil(rate / PLANNED.ticksPerRedis);
  return servers > 1 ? Math.max(CLUSTER_PRIMARIES_MIN, servers) : 1;
}

function deploymentOf(
  { instruments, rate, viewers }: Load,
  rowsPerS: number,
): Deployment {
  const embedded = rate <= PLANNED.embeddedTicksPerS &&
    rowsPerS <= PLANNED.embeddedRowsPerS && viewers <= PLANNED.embeddedViewers;
  if (embedded) return "embedded";
  const single = rate <= PLANNED.ticksPerCore &&
    viewers <= PLANNED.viewersPerProcess &&
    instruments <= PLANNED.forecastsPerEdge;
  return single ? "single" : "cluster";
}

function processesOf(
  deployment: Deployment,
  { instruments, viewers }: Load,
  cores: number,
): CapacityPlan["processes"] {
  const memoryMb = (viewersOfOne: number) =>
    Math.ceil(PROCESS_MB + viewersOfOne * VIEWER_KB / 1_024);
  const all = "feed,aggregate,forecast,web";
  if (deployment === "embedded") {
    return [{ roles: all, count: 1, cores: 2, memoryMb: 700 }];
  }
  if (deployment === "single") {
    return [{ roles: all, count: 1, cores: 2, memoryMb: memoryMb(viewers) }];
  }
  // One of each may be lost.
  const web = Math.ceil(viewers / PLANNED.viewersPerProcess) + 1;
  return [
    {
      roles: "feed,aggregate",
      count: cores + 1,
      cores: 1,
      memoryMb: memoryMb(0),
    },
    {
      roles: "forecast",
      count: forecastersFor(instruments) + 1,
      cores: 2,
      memoryMb: memoryMb(0),
    },
    {
      roles: "web",
      count: web,
      cores: 1,
      memoryMb: memoryMb(viewers / (web - 1)),
    },
  ];
}

function forecastersFor(instruments: number): number {
  return Math.ceil(instruments / PLANNED.forecastsPerEdge);
}

/** Enough to share evenly, a power of two. */
function partitionsOf(deployment: Deployment, cores: number): number {
  if (deployment === "embedded") return 1;
  const wanted = Math.max(4, 4 * (cores + 1));
  return Math.min(PARTITIONS_MAX, 2 ** Math.ceil(Math.log2(wanted)));
}

function beyond(
  { instruments }: Load,
  { postgresServers, cores, servers }: {
    readonly postgresServers: number;
    readonly cores: number;
    readonly servers: boolean;
  },
): readonly string[] {
  const reasons: string[] = [];
  const more = (n: number) => n.toLocaleString("en");
  if (instruments > INSTRUMENTS_MAX) {
    reasons.push(
      `${more(instruments)} instruments: the catalog takes ` +
        `${more(INSTRUMENTS_MAX)}`,
    );
  }
  if (forecastersFor(instruments) > FORECAST_SHARDS) {
    reasons.push(
      `${more(instruments)} forecasts a minute: at most ${FORECAST_SHARDS} ` +
        `processes share them, ${more(PLANNED.forecastsPerEdge)} each`,
    );
  }
  if (servers && postgresServers > 1) {
    reasons.push(
      `candles need ${postgresServers} PostgreSQL servers: one is used`,
    );
  }
  if (cores > PARTITIONS_MAX) {
    reasons.push(
      `${cores} cores make candles: partitions are at most ${PARTITIONS_MAX}`,
    );
  }
  return reasons;
}

function settingsOf(
  { instruments, tickRetentionDays }: Load,
  { partitions, backlogMb, viewersOfProcess }: {
    readonly partitions: number;
    readonly backlogMb: number;
    readonly viewersOfProcess: number;
  },
): Readonly<Record<string, string>> {
  const settings: Record<string, string> = {};
  if (partitions > 1) settings.PARTITIONS = String(partitions);
  if (instruments > 10_000) {
    settings.INSTRUMENTS_MAX = String(Math.min(INSTRUMENTS_MAX, instruments));
  }
  if (backlogMb > BUFFER_MAX_MB) {
    settings.BUFFER_MAX_MB = String(Math.min(1_048_576, Math.ceil(backlogMb)));
  }
  if (viewersOfProcess > 500) {
    const streams = Math.min(100_000, Math.ceil(viewersOfProcess));
    settings.STREAMS_MAX = String(streams);
    settings.HTTP_CONNECTIONS_MAX = String(Math.min(100_000, 2 * streams));
  }
  if (tickRetentionDays !== 7) {
    settings.TICK_RETENTION_DAYS = String(tickRetentionDays);
  }
  return settings;
}
