import type { LiveEvent } from "../domain/live_event.ts";
import type { SignalAction, SignalView } from "../domain/signal.ts";
import { MICROS_PER_SECOND } from "../domain/time.ts";
import type { Clock, Log } from "../ports.ts";
import { signDelivery } from "./sign_delivery.ts";

export interface WebhookOptions {
  readonly urls: readonly string[];
  /** Deliveries are signed with it; not if absent. */
  readonly secret?: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch?: typeof fetch;
  readonly newId?: () => string;
}

/** What became of the signals for one receiver, since the start. */
export interface WebhookStats {
  /** Its origin: the rest of a URL may be secret. */
  readonly receiver: string;
  readonly waiting: number;
  readonly delivered: number;
  /** Refused, or too old by the time that somebody answered. */
  readonly failed: number;
  /** More waited than may. */
  readonly dropped: number;
}

/** Nothing is done for these: most minutes have no other signal. */
const QUIET: SignalAction = "HOLD";
const WAITING_MAX = 256;
const ANSWER_MS_MAX = 5_000;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;
/** A signal of a minute is no news any more. */
const AGE_MS_MAX = 600_000;

/**
 * Posts BUY and SELL signals, as `/api/signals` has them, to receivers.
 *
 * Each has a queue of its own. A delivery that fails is tried again, first
 * after a second and then twice as long each time, up to 30 s, until the signal
 * is ten minutes old; an answer of 4xx but 408 and 429 ends it at once. Its
 * `Tickhouse-Delivery` stays the same, by which a receiver knows what it has
 * had. Redirects are not followed.
 */
export class SignalWebhooks {
  readonly #receivers: readonly Receiver[];

  constructor(options: WebhookOptions) {
    this.#receivers = options.urls.map((url) => new Receiver(url, options));
  }

  /** Takes the signals among some events; never waits. */
  offer(events: readonly LiveEvent[]): void {
    for (const event of events) {
      if (event.kind !== "signal" || event.signal.action === QUIET) continue;
      for (const receiver of this.#receivers) receiver.offer(event.signal);
    }
  }

  stats(): readonly WebhookStats[] {
    return this.#receivers.map((receiver) => receiver.stats());
  }

  /** Delivers until aborted; what waits then is given up. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#receivers.map((receiver) => receiver.run(signal)));
  }
}

interface Delivery {
  readonly id: string;
  readonly body: string;
  readonly madeAtMs: number;
}

class Receiver {
  readonly #origin: string;
  readonly #queue: Delivery[] = [];
  #wake = () => {};
  #delivered = 0;
  #failed = 0;
  #dropped = 0;

  constructor(
    private readonly url: string,
    private readonly options: WebhookOptions,
  ) {
    this.#origin = new URL(url).origin;
  }

  offer(signal: SignalView): void {
    const { newId = () => crypto.randomUUID() } = this.options;
    this.#queue.push({
      id: newId(),
      body: JSON.stringify({ type: "signal", signal }),
      madeAtMs: this.options.clock.steadyMs(),
    });
    if (this.#queue.length > WAITING_MAX) {
      this.#queue.shift();
      if (this.#dropped++ === 0) {
        this.options.log.warn("Signals wait for a receiver; the oldest go", {
          receiver: this.#origin,
        });
      }
    }
    this.#wake();
  }

  stats(): WebhookStats {
    return {
      receiver: this.#origin,
      waiting: this.#queue.length,
      delivered: this.#delivered,
      failed: this.#failed,
      dropped: this.#dropped,
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#wake());
    while (!signal.aborted) {
      const delivery = this.#queue.shift();
      if (delivery) await this.#deliver(delivery, signal);
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  async #deliver(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.options;
    for (let tries = 0; !signal.aborted; tries++) {
      const problem = await this.#post(delivery, signal);
      if (problem === null) {
        this.#delivered++;
        return;
      }
      const waitMs = Math.min(RETRY_MS_MIN * 2 ** tries, RETRY_MS_MAX);
      const late =
        this.options.clock.steadyMs() + waitMs - delivery.madeAtMs > AGE_MS_MAX;
      if (problem.final || late) {
        this.#failed++;
        log.warn("A signal was not delivered", {
          receiver: this.#origin,
          delivery: delivery.id,
          tries: tries + 1,
          reason: problem.reason,
        });
        return;
      }
      await clock.sleep(waitMs, signal);
    }
  }

  /** @returns What went wrong, or `null`. */
  async #post({ id, body }: Delivery, signal: AbortSignal): Promise<
    { readonly reason: string; readonly final: boolean } | null
  > {
    const { secret, clock, fetch: send = fetch } = this.options;
    const at = Math.floor(clock.now() / MICROS_PER_SECOND);
    try {
      const response = await send(this.url, {
        method: "POST",
        body,
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
        headers: {
          "Content-Type": "application/json",
          "Tickhouse-Delivery": id,
          ...secret !== undefined && {
            "Tickhouse-Signature": await signDelivery(body, secret, at),
          },
        },
      });
      await response.body?.cancel();
      const { status, ok } = response;
      if (ok) return null;
      const final = status < 500 && status !== 408 && status !== 429;
      return { reason: `It answered ${status}`, final };
    } catch (error) {
      return { reason: String(error), final: false };
    }
  }
}
