import {
  type FeedConnection,
  type FeedSummary,
  runFeedClient,
  type TickChunk,
  type TickSource,
} from "../../pipeline/feeds/feed_client.ts";
import { connectTcp } from "../../pipeline/feeds/tcp_connection.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { feedName, linesOf, type TickPlan } from "./ticks.ts";

/** One chunk in so many begins with lines that were sent before. */
const AGAIN_EVERY = 32;
const AGAIN_LINES_MAX = 200;
const PACE_MS = 20;

export interface LoadOptions {
  readonly plan: TickPlan;
  /**
   * Ports of the listeners. Each feed begins with its own, and takes the next
   * one whenever it loses one.
   */
  readonly ports: readonly number[];
  /** Where a listener is; on this machine if absent. */
  readonly hostOf?: (port: number) => string;
  /** What feeds prove themselves with. */
  readonly token?: string;
  /** Ticks a second of all feeds together; as fast as they are acked if absent. */
  readonly rate?: number;
  /** Ticks of all feeds together, at most. */
  readonly ticksMax?: number;
  /** Called when a feed's acks rise, at the program that listens on a port. */
  readonly onAck?: (feed: number, port: number) => void;
}

/** What a feed has sent and what came of it. */
interface FeedState {
  /** Highest number given out, and the last one once the load ends. */
  highest: number;
  acked: number;
  duplicates: number;
  /** Number from which the pace counts, and when that was. */
  pacedFrom: number;
  pacedAt: number;
}

/** Several feeds with acks that send until told to finish. */
export class Load {
  /** Times that a listener took an ack back, which it never may. */
  fallenAcks = 0;
  readonly #feeds: FeedState[];
  readonly #over = new AbortController();
  readonly #done: Promise<readonly FeedSummary[]>;
  readonly #perFeedMax: number;
  #rate: number;
  #finishing = false;
  #held = false;

  constructor(private readonly options: LoadOptions) {
    const { plan } = options;
    this.#rate = options.rate ?? Infinity;
    this.#perFeedMax = Math.ceil((options.ticksMax ?? Infinity) / plan.feeds);
    this.#feeds = Array.from({ length: plan.feeds }, () => ({
      highest: 0,
      acked: 0,
      duplicates: 0,
      pacedFrom: 0,
      pacedAt: performance.now(),
    }));
    this.#done = Promise.all(this.#feeds.map((_, feed) => this.#run(feed)));
    this.#done.catch(() => {}); // whoever finishes hears of it
  }

  /** Highest acked number of each feed. */
  get acked(): readonly number[] {
    return this.#feeds.map(({ acked }) => acked);
  }

  /** Highest number sent by each feed: how many unique ticks. */
  get sent(): readonly number[] {
    return this.#feeds.map(({ highest }) => highest);
  }

  /** Lines sent again on purpose, beyond what the protocol asks for. */
  get duplicates(): number {
    return this.#feeds.reduce((sum, { duplicates }) => sum + duplicates, 0);
  }

  get ackedTotal(): number {
    return this.acked.reduce((sum, seq) => sum + seq, 0);
  }

  get sentTotal(): number {
    return this.sent.reduce((sum, seq) => sum + seq, 0);
  }

  /** Ticks a second of all feeds together from now on. */
  pace(rate: number): void {
    this.#rate = rate;
    for (const state of this.#feeds) this.#paceFromHere(state);
  }

  /** Nothing new is sent until `resume`; what was is acked. */
  hold(): void {
    this.#held = true;
  }

  resume(): void {
    this.#held = false;
    for (const state of this.#feeds) this.#paceFromHere(state);
  }

  /** Sends nothing new, and waits until all that was sent is acked. */
  finish(): Promise<readonly FeedSummary[]> {
    this.#finishing = true;
    return this.#done;
  }

  /** Ends at once, acked or not. */
  async abort(): Promise<void> {
    this.#over.abort();
    await this.#done.catch(() => {});
  }

  async #run(feed: number): Promise<FeedSummary> {
    const state = this.#feeds[feed];
    let tries = feed;
    let port = 0;
    return await runFeedClient({
      hello: { feed: feedName(feed), epoch: 1, token: this.options.token },
      connect: (signal): Promise<FeedConnection> => {
        const { ports, hostOf = () => "127.0.0.1" } = this.options;
        port = ports[tries++ % ports.length];
        return connectTcp({ hostname: hostOf(port), port }, signal);
      },
      source: () => this.#source(feed, state),
      clock: systemClock,
      signal: this.#over.signal,
      onProgress: ({ acked }) => {
        if (acked < state.acked) this.fallenAcks++;
        if (acked <= state.acked) return;
        state.acked = acked;
        this.options.onAck?.(feed, port);
      },
    });
  }

  #source(feed: number, state: FeedState): TickSource {
    const { plan } = this.options;
    // deno-lint-ignore no-this-alias
    const load = this;
    return {
      async *from(seq, { max, signal }): AsyncGenerator<TickChunk> {
        while (!signal.aborted) {
          const end = load.#allowed(state);
          const count = Math.min(max, end - seq + 1);
          if (count <= 0) {
            if (seq > state.highest && load.#isLast(state)) return;
            await systemClock.sleep(PACE_MS, signal);
            continue;
          }
          state.highest = Math.max(state.highest, seq + count - 1);
          const again = Math.floor(seq / max) % AGAIN_EVERY === feed
            ? Math.min(AGAIN_LINES_MAX, seq - 1, count)
            : 0;
          state.duplicates += again;
          const bytes = linesOf(plan, feed, seq - again, count + again);
          yield { bytes, count };
          seq += count;
        }
      },
    };
  }

  #isLast(state: FeedState): boolean {
    return this.#finishing || state.highest >= this.#perFeedMax;
  }

  /** Highest number that a feed may send now. */
  #allowed(state: FeedState): number {
    if (this.#finishing || this.#held) return state.highest;
    if (this.#rate === Infinity) return this.#perFeedMax;
    const ms = performance.now() - state.pacedAt;
    const perFeed = this.#rate / this.#feeds.length;
    const paced = state.pacedFrom + Math.floor(ms * perFeed / 1_000);
    // Time in which nobody took anything is not made up for at once.
    if (paced > state.highest + perFeed) this.#paceFromHere(state);
    return Math.max(state.highest, Math.min(this.#perFeedMax, paced));
  }

  #paceFromHere(state: FeedState): void {
    state.pacedFrom = state.highest;
    state.pacedAt = performance.now();
  }
}
