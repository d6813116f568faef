import type { Log, RedisPlaces } from "../ports.ts";
import { type PubSubClient, pubSubClient } from "../redis_client.ts";

/** Partitions that nobody has asked about for so long are not listened to. */
const UNUSED_MS = 10_000;
/** A channel that could not be listened to is tried again after this. */
const RETRY_MS = 1_000;
/** Each partition's channel may be one call. */
const COMMANDS_MAX = 4_096;

export interface WakesOptions {
  readonly places: RedisPlaces;
  /** What this process says at its own appends: those it knows of. */
  readonly self: string;
  /** There may be something new in a partition. */
  readonly onStir: (p: number) => void;
  readonly log: Log;
}

interface Listening {
  readonly url: string;
  /** The same one when it listens again, so that it is told once. */
  readonly heard: (said: string) => void;
  /** Whether what is said from now on is heard. */
  hears: boolean;
  usedAt: number;
  retryAt: number;
}

/**
 * Hears of appends of other processes, by one connection to each server that
 * has partitions which are read here.
 *
 * What it misses nobody tells it: readers look now and then all the same, and
 * often where `hears` says no. Commands used: SSUBSCRIBE, SUNSUBSCRIBE, PING.
 */
export class RedisWakes {
  readonly #clients = new Map<string, PubSubClient>();
  readonly #listening = new Map<number, Listening>();
  readonly #stay: () => void;
  #sweptAt = performance.now();
  #closed = false;

  constructor(private readonly options: WakesOptions) {
    this.#stay = options.places.onMoved(() => {
      for (const [p, { url }] of this.#listening) {
        if (url !== this.#urlOf(p)) this.#leave(p);
      }
    });
  }

  /** Whether appends to a partition are heard; from now on, they will be. */
  hears(p: number): boolean {
    if (this.#closed) return false;
    const now = performance.now();
    if (now - this.#sweptAt > UNUSED_MS) this.#sweep(now);
    let listening = this.#listening.get(p);
    if (listening === undefined) {
      const { self, onStir } = this.options;
      listening = {
        url: this.#urlOf(p),
        heard: (said) => {
          if (said !== self) onStir(p);
        },
        hears: false,
        usedAt: now,
        retryAt: Infinity,
      };
      this.#listening.set(p, listening);
      this.#listen(p, listening);
    }
    listening.usedAt = now;
    if (now > listening.retryAt) {
      this.#leave(p);
      return this.hears(p);
    }
    return listening.hears;
  }

  close(): void {
    this.#closed = true;
    this.#stay();
    for (const client of this.#clients.values()) {
      if (client.isOpen) client.destroy();
    }
  }

  #urlOf(p: number): string {
    return this.options.places.urlOf(appendChannel(p));
  }

  async #listen(p: number, listening: Listening): Promise<void> {
    const { onStir, places } = this.options;
    const client = this.#clientAt(listening.url);
    // Once it is ready, the client does what was asked for before.
    if (!client.isReady) return;
    try {
      await client.sSubscribe(appendChannel(p), listening.heard);
      if (this.#listening.get(p) !== listening) return;
      listening.hears = true;
      onStir(p); // it may have come before
    } catch {
      listening.retryAt = performance.now() + RETRY_MS;
      if (client.isReady) places.doubt();
    }
  }

  #clientAt(url: string): PubSubClient {
    let client = this.#clients.get(url);
    if (client !== undefined) return client;
    const { log, onStir } = this.options;
    client = pubSubClient(url, "appends of others", log, COMMANDS_MAX);
    this.#clients.set(url, client);
    const at = () => [...this.#listening].filter(([, one]) => one.url === url);
    const deaf = () => {
      for (const [p, one] of at()) {
        if (!one.hears) continue;
        one.hears = false;
        onStir(p);
      }
    };
    client.on("error", deaf);
    client.on("reconnecting", deaf);
    client.on("ready", () => {
      // Channels that it had are subscribed to again by itself.
      for (const [p, one] of at()) this.#listen(p, one);
    });
    client.on("sharded-channel-moved", (channel) => {
      this.options.places.doubt();
      const moved = at().find(([p]) => appendChannel(p) === channel);
      if (moved === undefined) return;
      const [p, one] = moved;
      one.hears = false;
      one.retryAt = performance.now() + RETRY_MS;
      onStir(p);
    });
    return client;
  }

  #sweep(now: number): void {
    this.#sweptAt = now;
    for (const [p, { usedAt }] of this.#listening) {
      if (now - usedAt > UNUSED_MS) this.#leave(p);
    }
    const used = new Set([...this.#listening.values()].map(({ url }) => url));
    for (const [url, client] of this.#clients) {
      if (used.has(url)) continue;
      this.#clients.delete(url);
      if (client.isOpen) client.destroy();
    }
  }

  #leave(p: number): void {
    const listening = this.#listening.get(p);
    this.#listening.delete(p);
    const client = this.#clients.get(listening?.url ?? "");
    if (!client?.isReady) return;
    client.sUnsubscribe(appendChannel(p)).catch(() => {}); // then it is told
  }
}

/** Where appends to a partition are told; it lives where the partition does. */
export function appendChannel(p: number): string {
  return `tickhouse:appended:{${p}}`;
}
