import type { Clock } from "../../ports.ts";
import type { LiveLink, LiveListener } from "../live_relay.ts";

interface Listening {
  readonly listener: LiveListener;
  /** Partitions of which the server sends it messages. */
  readonly subscribed: Set<number>;
}

/** One server between all links: what is sent reaches who wants it. */
export class FakeServer {
  up = true;
  /** How long commands are on their way, if they take a time at all. */
  delayMs: (() => number) | null = null;
  readonly sent: string[] = [];
  readonly #listening: Listening[] = [];
  /** What waits for listeners that hear late, by their place and the order. */
  readonly #held = new Map<string, (() => void)[]>();

  constructor(
    readonly orders: number,
    private readonly clock: Clock,
  ) {}

  link(): LiveLink {
    const subscribed = new Set<number>();
    let at = NaN;
    const [sending, listening] = [this.#connection(), this.#connection()];
    return {
      orders: this.orders,
      send: (p, text) => {
        if (!this.up) return Promise.reject(new Error("not connected"));
        return sending(() => this.#send(p, text));
      },
      listen: (listener) => {
        at = this.#listening.push({ listener, subscribed }) - 1;
      },
      want: (partitions) => {
        queueMicrotask(() =>
          listening(() => {
            for (const p of partitions) {
              subscribed.add(p);
              const { listener } = this.#listening[at];
              this.#reach(at, p, () => listener.listening([p]));
            }
          })
        );
      },
      drop: (partitions) => {
        listening(() => {
          for (const p of partitions) subscribed.delete(p);
        });
      },
      close: () => Promise.resolve(),
    };
  }
  /** What a listener, by its place, is sent. */
  subscribedBy(i: number): readonly number[] {
    return [...this.#listening[i].subscribed].sort((a, b) => a - b);
  }
  interrupt(order?: number): void {
    for (const one of this.#listening) {
      one.listener.interrupted(this.#of(one, order));
    }
  }
  restart(order?: number): void {
    this.up = true;
    for (const one of this.#listening) {
      one.listener.listening(this.#of(one, order));
    }
  }
  /** The listener hears what comes in this order late. */
  hold(i: number, order = 0): void {
    const key = `${i} ${order}`;
    if (!this.#held.has(key)) this.#held.set(key, []);
  }
  /** The listener hears what waits, at last. */
  release(i: number): void {
    for (let order = 0; order < this.orders; order++) {
      const held = this.#held.get(`${i} ${order}`) ?? [];
      this.#held.delete(`${i} ${order}`);
      for (const hear of held) hear();
    }
  }
  inject(text: string): void {
    for (const { listener } of this.#listening) listener.message(text, 0);
  }

  #of({ subscribed }: Listening, order?: number): readonly number[] {
    return [...subscribed].filter((p) =>
      order === undefined || p % this.orders === order
    );
  }

  #send(p: number, text: string): void {
    this.sent.push(text);
    for (const [i, { listener, subscribed }] of this.#listening.entries()) {
      if (!subscribed.has(p)) continue;
      this.#reach(i, p, () => listener.message(text, p));
    }
  }

  #reach(i: number, p: number, hear: () => void): void {
    const held = this.#held.get(`${i} ${p % this.orders}`);
    if (held) held.push(hear);
    else hear();
  }

  /** Whose commands are done one after the other. */
  #connection() {
    let before = Promise.resolve();
    return (command: () => void): Promise<void> => {
      if (this.delayMs === null) {
        command();
        return Promise.resolve();
      }
      const way = Promise.all([before, this.clock.sleep(this.delayMs())]);
      return before = way.then(command);
    };
  }
}
