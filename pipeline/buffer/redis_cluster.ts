import type { Clock, Log, RedisPlaces } from "../ports.ts";
import { BufferError } from "./buffer_error.ts";
import { type ClusterMap, commonMap, readClusterMap } from "./cluster_map.ts";
import { type Redirect, redirectOf } from "./cluster_redirect.ts";
import type { RedisCommands, RedisNode } from "./redis_commands.ts";
import { RedisConnection } from "./redis_connection.ts";
import type { ScriptName } from "./redis_scripts.ts";
import type { RedisReply } from "./redis_session.ts";
import { slotOf } from "./redis_slot.ts";
import { type RedisUrlParts, redisUrlParts } from "./redis_url.ts";

/** How long a call is sent on to where its slot went. */
const FOLLOW_MS_MAX = 2_500;
/** Pause before asking again for keys that are on their way. */
const LATER_MS = 10;
/** Between looks at the map while it is waited for at the start. */
const LOOKS_A_REFRESH = 20;
/** While a slot has no server that answers, the map is looked at so often. */
const TROUBLE_MS = 100;
/** And else, for what moved without being asked for. */
const LOOK_MS = 5_000;
const OPEN_MS_MAX = 10_000;
/** Replicas that are away are not waited for for longer. */
const REPLICAS_MS_MAX = 1_000;
/** Servers that are asked for the map at a time. */
const ASKED_MAX = 16;

export interface ClusterOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A call that is not settled. */
interface Call {
  /** Order of the calls. */
  readonly n: number;
  readonly until: number;
  /** Whether a server has said to ask another one. */
  sentOn: boolean;
  readonly send: (node: RedisConnection) => Promise<RedisReply>;
  readonly resolve: (reply: RedisReply) => void;
  readonly reject: (error: unknown) => void;
}

/** The calls for one slot that are not settled. */
interface Lane {
  underWay: number;
  /** Those that wait until none is under way; `null` if none has to. */
  waiting: Call[] | null;
  /** What the newest answer said to do with them. */
  redirect: Redirect;
}

/**
 * Commands for a Redis Cluster: one connection to each server, and each call to
 * the server that has its slot.
 *
 * MOVED and ASK are followed; a call that was not done yet may be sent on so,
 * and no other is sent again. While calls of a slot are sent on, later ones
 * wait, so that the order of the calls is kept. A slot whose server is gone
 * rejects at once, until the map names another.
 */
export class RedisCluster implements RedisCommands, RedisPlaces {
  readonly #closing = new AbortController();
  readonly #parts: RedisUrlParts;
  /** By address. */
  readonly #servers = new Map<string, RedisConnection>();
  readonly #lanes = new Map<number, Lane>();
  readonly #onMoved = new Set<() => void>();
  #map: ClusterMap;
  /** As the map says, and what redirections said since. */
  #primaries: (string | undefined)[];
  #calls = 0;
  #back = new AbortController();
  #look = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(
    private readonly options: ClusterOptions,
    first: RedisConnection,
    map: ClusterMap,
  ) {
    this.#parts = redisUrlParts(options.url);
    this.#map = map;
    this.#primaries = [...map.primaries];
    this.#servers.set(first.address, first);
    this.#connectAll();
  }

  /**
   * Goes on from the first server of a cluster that answered.
   *
   * @throws {BufferError} If a slot has no server that answers within 10 s.
   */
  static async open(
    options: ClusterOptions,
    first: RedisConnection,
    map: ClusterMap,
  ): Promise<RedisCluster> {
    const cluster = new RedisCluster(options, first, map);
    const deadline = performance.now() + OPEN_MS_MAX;
    let looks = 1;
    while (cluster.#lack !== null) {
      if (performance.now() > deadline) {
        const lack = cluster.#lack;
        await cluster.close();
        throw new BufferError(
          `Cannot use the Redis Cluster at ${cluster.#parts.shown}: ${lack}`,
        );
      }
      if (looks++ % LOOKS_A_REFRESH === 0) await cluster.#refresh();
      await options.clock.sleep(LATER_MS);
    }
    const enough = performance.now() + REPLICAS_MS_MAX;
    while (
      performance.now() < enough && cluster.nodes.some((one) => !one.connected)
    ) await options.clock.sleep(LATER_MS);
    cluster.#running = cluster.#run();
    return cluster;
  }

  get nodes(): readonly RedisNode[] {
    return [...this.#map.addresses].map((address) => this.#serverAt(address));
  }

  get back(): AbortSignal {
    const servers = [...this.#servers.values()].map(({ back }) => back);
    return AbortSignal.any([this.#back.signal, ...servers]);
  }

  call(args: readonly (string | Buffer)[]): Promise<RedisReply> {
    return this.#ask(String(args[1]), (server) => server.call(args));
  }

  run(
    script: ScriptName,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
  ): Promise<RedisReply> {
    return this.#ask(keys[0], (server) => server.run(script, keys, args));
  }

  readonly clustered = true;

  urlOf(key: string): string {
    const address = this.#primaries[slotOf(key)] ?? this.#parts.addresses[0];
    return this.#parts.urlAt(address);
  }

  onMoved(callback: () => void): () => void {
    this.#onMoved.add(callback);
    return () => this.#onMoved.delete(callback);
  }

  doubt(): void {
    this.#look.abort();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const lane of this.#lanes.values()) this.#dropWaiting(lane);
    await Promise.all(
      [...this.#servers.values()].map((server) => server.close()),
    );
    await this.#running;
  }

  #ask(key: string, send: Call["send"]): Promise<RedisReply> {
    if (this.#closing.signal.aborted) {
      return Promise.reject(new BufferError("The buffer is closed"));
    }
    const slot = slotOf(key);
    let lane = this.#lanes.get(slot);
    if (lane === undefined) {
      lane = { underWay: 0, waiting: null, redirect: { kind: "later" } };
      this.#lanes.set(slot, lane);
    }
    return new Promise((resolve, reject) => {
      const call: Call = {
        n: ++this.#calls,
        until: performance.now() + FOLLOW_MS_MAX,
        sentOn: false,
        send,
        resolve,
        reject,
      };
      if (lane.waiting === null) this.#send(slot, lane, call);
      else lane.waiting.push(call);
    });
  }

  /** Sends within the call, so that the order of the calls is kept. */
  #send(slot: number, lane: Lane, call: Call, asking?: string): void {
    const address = asking ?? this.#primaries[slot];
    lane.underWay++;
    this.#sendTo(address, call, asking !== undefined).then(
      (reply) => call.resolve(reply),
      (error) => this.#failed({ slot, lane, call, address, error }),
    ).finally(() => {
      lane.underWay--;
      if (lane.underWay > 0) return;
      if (lane.waiting === null) this.#lanes.delete(slot);
      else this.#sendOn(slot, lane);
    });
  }

  #sendTo(
    address: string | undefined,
    call: Call,
    asking: boolean,
  ): Promise<RedisReply> {
    if (address === undefined) {
      return Promise.reject(
        new BufferError("No server of the Redis Cluster has the slot"),
      );
    }
    const server = this.#serverAt(address);
    if (asking) server.asking();
    return call.send(server);
  }

  #failed({ slot, lane, call, address, error }: {
    readonly slot: number;
    readonly lane: Lane;
    readonly call: Call;
    readonly address: string | undefined;
    readonly error: unknown;
  }): void {
    const asked = address?.replace(/:\d+$/, "") ?? "";
    const redirect = redirectOf(error, asked) ??
      this.#untilConnected(call, address);
    if (redirect === null) this.doubt();
    if (
      redirect === null || performance.now() > call.until ||
      this.#closing.signal.aborted
    ) {
      return call.reject(error);
    }
    call.sentOn = true;
    if (redirect.kind === "moved") {
      this.#primaries[slot] = redirect.address;
      this.doubt();
    }
    lane.redirect = redirect;
    lane.waiting ??= [];
    lane.waiting.push(call);
  }

  /** A server that a call was sent on to may be new to this process. */
  #untilConnected(call: Call, address: string | undefined): Redirect | null {
    if (!call.sentOn || address === undefined) return null;
    return this.#serverAt(address).connected ? null : { kind: "later" };
  }

  async #sendOn(slot: number, lane: Lane): Promise<void> {
    const { redirect } = lane;
    if (redirect.kind === "later") {
      await this.options.clock.sleep(LATER_MS, this.#closing.signal);
    }
    if (this.#closing.signal.aborted) return this.#dropWaiting(lane);
    const calls = lane.waiting!.sort((a, b) => a.n - b.n);
    lane.waiting = null;
    const asking = redirect.kind === "ask" ? redirect.address : undefined;
    for (const call of calls) this.#send(slot, lane, call, asking);
  }

  #dropWaiting(lane: Lane): void {
    for (const { reject } of lane.waiting?.splice(0) ?? []) {
      reject(new BufferError("The buffer is closed"));
    }
    lane.waiting = null;
  }

  #serverAt(address: string): RedisConnection {
    let server = this.#servers.get(address);
    if (server === undefined) {
      server = RedisConnection.start({
        ...this.options,
        url: this.#parts.urlAt(address),
      });
      this.#servers.set(address, server);
    }
    return server;
  }

  /** What keeps a slot from being used; `null` if nothing. */
  get #lack(): string | null {
    const addresses = new Set(this.#primaries);
    if (addresses.has(undefined) || addresses.size === 0) {
      return "it has slots without a server";
    }
    const away = [...addresses].find((one) => !this.#serverAt(one!).connected);
    return away === undefined ? null : `its server ${away} does not answer`;
  }

  /** Looks where the slots are, now and then, and often while one has none. */
  async #run(): Promise<void> {
    const { clock } = this.options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const waitMs = this.#lack === null ? LOOK_MS : TROUBLE_MS;
      await clock.sleep(waitMs, AbortSignal.any([signal, this.#look.signal]));
      this.#look = new AbortController();
      await this.#refresh();
      // However often somebody doubts.
      await clock.sleep(TROUBLE_MS, signal);
    }
  }

  async #refresh(): Promise<void> {
    const connected = [...this.#servers.values()]
      .filter((server) => server.connected);
    const maps = await Promise.all(
      connected.slice(0, ASKED_MAX).map((server) =>
        askClusterMap(server).catch(() => null)
      ),
    );
    const map = commonMap(maps.filter((one) => one !== null));
    if (map === null || this.#closing.signal.aborted) return;
    const moved = map.text !== this.#map.text;
    this.#map = map;
    this.#primaries = [...map.primaries];
    this.#connectAll();
    if (!moved) return;
    this.options.log.info("Slots of the Redis Cluster have moved", {
      primaries: [...new Set(map.primaries)],
    });
    this.#back.abort();
    this.#back = new AbortController();
    for (const callback of [...this.#onMoved]) callback();
  }

  /** To all servers, replicas too: they know what becomes of primaries. */
  #connectAll(): void {
    const { addresses } = this.#map;
    const wanted = new Set([...addresses, ...this.#parts.addresses]);
    for (const address of wanted) this.#serverAt(address);
    for (const [address, server] of this.#servers) {
      if (wanted.has(address)) continue;
      this.#servers.delete(address);
      server.close().catch(() => {});
    }
  }
}

/**
 * Where the slots are, of one server.
 *
 * @returns `null` if it is in no cluster, or may not be asked.
 */
export async function askClusterMap(
  server: RedisConnection,
): Promise<ClusterMap | null> {
  try {
    const reply = await server.call(["CLUSTER", "SLOTS"]);
    return readClusterMap(reply, server.address.replace(/:\d+$/, ""));
  } catch (error) {
    const said = /cluster support disabled|NOPERM|unknown (sub)?command/i;
    if (error instanceof BufferError && said.test(error.message)) return null;
    throw error;
  }
}
