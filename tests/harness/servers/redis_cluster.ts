import { redisCommand } from "../../chaos/redis_command.ts";
import { freePorts } from "../free_port.ts";
import {
  type RedisOptions,
  type RedisServer,
  startRedis,
  type TlsFiles,
} from "./redis_server.ts";

/** Sped up, as tests wait for a failover. */
const NODE_TIMEOUT_MS = 1_500;
const READY_MS_MAX = 120_000;
const SLOTS = 16_384;

/** A Redis Cluster of a test's own, on free ports of this machine. */
export interface RedisClusterServers {
  /** Names all of them. */
  readonly url: string;
  /** The primaries of the beginning, and then a replica of each. */
  readonly servers: readonly RedisServer[];
  /** Ids in the cluster, as `servers`. */
  readonly ids: readonly string[];
  /** Which of the servers has a slot now, as those say that are up. */
  primaryOf(slot: number): Promise<RedisServer>;
  /** Waits until every slot has a server and all that are up agree on it. */
  ready(): Promise<void>;
  /**
   * Gives a slot with all its keys to another primary, one after the other;
   * `between` is done after each.
   */
  move(
    slot: number,
    to: RedisServer,
    between?: () => Promise<void>,
  ): Promise<void>;
  close(): Promise<void>;
}

/** Where servers run: an address, and what runs a program there. */
export interface RedisHost {
  readonly address: string;
  readonly under: readonly string[];
}

export interface RedisClusterOptions {
  /** One for each primary; its replica is at the next. */
  readonly hosts?: readonly RedisHost[];
  /** Of each server. */
  readonly config?: RedisOptions["config"];
  /** How many primaries there are; each has a replica. */
  readonly primaries?: number;
  /** What its URL names takes TLS. */
  readonly tls?: TlsFiles;
  /**
   * A failover begins when a server is away for so long; a machine that stands
   * still for a moment must not be taken for that.
   */
  readonly nodeTimeoutMs?: number;
}

export async function startRedisCluster(
  {
    config = [],
    primaries = 3,
    tls,
    hosts,
    nodeTimeoutMs = NODE_TIMEOUT_MS,
  }: RedisClusterOptions = {},
): Promise<RedisClusterServers> {
  const servers: RedisServer[] = [];
  const count = 2 * primaries;
  const ports = freePorts(3 * count);
  const busPorts = ports.slice(0, count);
  const close = async () => {
    await Promise.all(servers.map((server) => server.close()));
  };
  try {
    await Promise.all(busPorts.map(async (busPort, i) => {
      servers[i] = await startRedis({
        tls,
        host: hosts && hostOf(hosts, i, primaries).address,
        under: hosts && hostOf(hosts, i, primaries).under,
        ports: [ports[count + i], ports[2 * count + i]],
        config: [
          ["cluster-enabled", "yes"],
          ["cluster-port", String(busPort)],
          ["cluster-node-timeout", String(nodeTimeoutMs)],
          ["repl-diskless-sync-delay", "0"],
          ...config,
        ],
      });
    }));
    const ask = (server: RedisServer, command: string) =>
      redisCommand(server, ...command.split(" "));
    const ids = await Promise.all(servers.map(async (server) => {
      return await ask(server, "CLUSTER MYID");
    }));
    for (const [i, server] of servers.entries()) {
      await ask(server, `CLUSTER SET-CONFIG-EPOCH ${i + 1}`);
      if (i >= primaries) continue;
      const from = Math.ceil(i * SLOTS / primaries);
      const to = Math.ceil((i + 1) * SLOTS / primaries) - 1;
      await ask(server, `CLUSTER ADDSLOTSRANGE ${from} ${to}`);
    }
    for (const [i, { host, port, tlsPort }] of servers.entries()) {
      if (i === 0) continue;
      const at = `${host} ${tlsPort ?? port} ${busPorts[i]}`;
      await ask(servers[0], `CLUSTER MEET ${at}`);
    }
    for (const [i, server] of servers.entries()) {
      if (i < primaries) continue;
      const replicate = `CLUSTER REPLICATE ${ids[i - primaries]}`;
      // It must have heard of its primary.
      await until(
        `server ${i} replicates`,
        () => ask(server, replicate).then(() => true, () => false),
      );
    }
    const cluster: RedisClusterServers = {
      url: `${tls ? "rediss" : "redis"}://${
        servers.map(({ host, port, tlsPort }) => `${host}:${tlsPort ?? port}`)
          .join(",")
      }`,
      servers,
      ids,
      async primaryOf(slot) {
        const found = await primaryOf(servers, slot);
        if (found === undefined) throw new Error(`no server has slot ${slot}`);
        return found;
      },
      ready: () => until("the cluster is ready", () => isReady(servers)),
      async move(slot, to, between) {
        const from = await cluster.primaryOf(slot);
        const id = (server: RedisServer) => ids[servers.indexOf(server)];
        await ask(to, `CLUSTER SETSLOT ${slot} IMPORTING ${id(from)}`);
        await ask(from, `CLUSTER SETSLOT ${slot} MIGRATING ${id(to)}`);
        for (;;) {
          const keys = await ask(from, `CLUSTER GETKEYSINSLOT ${slot} 1`);
          const key = /\r\n\$\d+\r\n(.+)$/.exec(keys)?.[1];
          if (key === undefined) break;
          await ask(from, `MIGRATE ${to.host} ${to.port} ${key} 0 20000`);
          await between?.();
        }
        for (const server of [to, from]) {
          await ask(server, `CLUSTER SETSLOT ${slot} NODE ${id(to)}`);
        }
      },
      close,
    };
    await cluster.ready();
    return cluster;
  } catch (error) {
    await close();
    throw error;
  }
}

function hostOf(
  hosts: readonly RedisHost[],
  i: number,
  primaries: number,
): RedisHost {
  return hosts[(i < primaries ? i : i + 1) % hosts.length];
}

/** Lines as `id address flags primary ping pong epoch state slots…`. */
async function nodesOf(server: RedisServer): Promise<string[][]> {
  const text = await redisCommand(server, "CLUSTER", "NODES");
  return text.split("\n").map((line) => line.trim().split(" "))
    .filter((words) => words.length >= 8);
}

/**
 * Whether all that are up agree that each slot has a server, and tell a client
 * of each other: of a replica they do once it has copied its primary.
 */
async function isReady(servers: readonly RedisServer[]): Promise<boolean> {
  const up: string[] = [];
  const told: string[] = [];
  for (const server of servers) {
    try {
      const info = await redisCommand(server, "CLUSTER", "INFO");
      if (!info.includes("cluster_state:ok")) return false;
      const nodes = await nodesOf(server);
      if (nodes.length !== servers.length) return false;
      up.push(await redisCommand(server, "CLUSTER", "MYID"));
      told.push(await redisCommand(server, "CLUSTER", "SLOTS"));
    } catch {
      continue; // it is not up
    }
  }
  return told.every((slots) => up.every((id) => slots.includes(id)));
}

async function primaryOf(
  servers: readonly RedisServer[],
  slot: number,
): Promise<RedisServer | undefined> {
  for (const server of servers) {
    const nodes = await nodesOf(server).catch(() => []);
    const mine = nodes.find(([, , flags]) => flags.includes("myself"));
    const has = mine?.[2].includes("master") && mine.slice(8).some((range) => {
      const [from, to = from] = range.split("-").map(Number);
      return from <= slot && slot <= to;
    });
    if (has) return server;
  }
  return undefined;
}

async function until(
  what: string,
  holds: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + READY_MS_MAX;
  while (!await holds()) {
    if (Date.now() > deadline) throw new Error(`Never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
