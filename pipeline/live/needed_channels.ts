import type { Clock } from "../ports.ts";

/** Readers who were cut come back within seconds, and find what they missed. */
const KEPT_MS = 30_000;
/** A reader waits for a channel at most so long, from when it was first wanted. */
const READY_MS_MAX = 1_000;

export interface NeededChannelsOptions {
  /** These are to be heard from now on; `stand` says when they are. */
  readonly want: (channels: readonly number[]) => void;
  readonly clock: Clock;
  /** How long a channel is kept after its last reader. */
  readonly keptMs?: number;
}

interface Need {
  /** By the steady clock, in milliseconds. */
  readonly wantedAtMs: number;
  readonly stood: PromiseWithResolvers<void>;
  stands: boolean;
  readers: number;
  /** When somebody last asked for it, came or left. */
  usedAtMs: number;
}

/** Which channels the readers of this process need, and which are heard. */
export class NeededChannels {
  readonly #needs = new Map<number, Need>();

  constructor(private readonly options: NeededChannelsOptions) {}

  /** Those that readers need, or needed a while ago. */
  get all(): readonly number[] {
    return [...this.#needs.keys()];
  }

  has(channel: number): boolean {
    return this.#needs.has(channel);
  }

  stands(channel: number): boolean {
    return this.#needs.get(channel)?.stands ?? false;
  }

  /** Somebody reads these until they `leave`. */
  enter(channels: readonly number[]): void {
    for (const need of this.#want(channels)) need.readers++;
  }

  leave(channels: readonly number[]): void {
    for (const need of this.#want(channels)) need.readers--;
  }

  /**
   * Resolves when all of them are heard; after a second at the latest, as there
   * are pages without live events too. Who comes soon after finds them heard.
   */
  async ready(channels: readonly number[]): Promise<void> {
    const { clock } = this.options;
    const late = this.#want(channels).filter(({ stands }) => !stands);
    const since = late.reduce((max, one) => Math.max(max, one.wantedAtMs), 0);
    const leftMs = READY_MS_MAX - (clock.steadyMs() - since);
    if (leftMs <= 0) return;
    const over = new AbortController();
    await Promise.race([
      Promise.all(late.map(({ stood }) => stood.promise)),
      clock.sleep(leftMs, over.signal),
    ]);
    over.abort();
  }

  /** These are heard from now on. */
  stand(channels: readonly number[]): void {
    for (const channel of channels) {
      const need = this.#needs.get(channel);
      if (need === undefined) continue;
      need.stands = true;
      need.stood.resolve();
    }
  }

  /** These are not heard until they stand again. */
  fall(channels: readonly number[]): void {
    for (const channel of channels) {
      const need = this.#needs.get(channel);
      if (need !== undefined) need.stands = false;
    }
  }

  /** Forgets those that nobody has needed for a while, and names them. */
  giveBack(): readonly number[] {
    const { clock, keptMs = KEPT_MS } = this.options;
    const before = clock.steadyMs() - keptMs;
    const unused = [...this.#needs]
      .filter(([, { readers, usedAtMs }]) => readers === 0 && usedAtMs < before)
      .map(([channel]) => channel);
    for (const channel of unused) this.#needs.delete(channel);
    return unused;
  }

  #want(channels: readonly number[]): readonly Need[] {
    const nowMs = this.options.clock.steadyMs();
    const more: number[] = [];
    const needs = channels.map((channel) => {
      let need = this.#needs.get(channel);
      if (need === undefined) {
        need = {
          wantedAtMs: nowMs,
          stood: Promise.withResolvers(),
          stands: false,
          readers: 0,
          usedAtMs: nowMs,
        };
        this.#needs.set(channel, need);
        more.push(channel);
      }
      need.usedAtMs = nowMs;
      return need;
    });
    if (more.length > 0) this.options.want(more);
    return needs;
  }
}
