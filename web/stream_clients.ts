import type { StreamLimits } from "./services.ts";
import { isLoopback } from "./loopback.ts";

/** Counts the open event streams, in total and of each address. */
export class StreamClients {
  #total = 0;
  readonly #ofAddress = new Map<string, number>();

  get total(): number {
    return this.#total;
  }

  /**
   * Lets one more in.
   *
   * @returns How to give the place back, or `null` if there is none.
   */
  enter(address: string, limits: StreamLimits): (() => void) | null {
    const mine = this.#ofAddress.get(address) ?? 0;
    if (this.#total >= limits.clients) return null;
    if (mine >= limits.clientsOfAddress && !isLoopback(address)) return null;
    this.#total++;
    this.#ofAddress.set(address, mine + 1);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#total--;
      const left = this.#ofAddress.get(address)! - 1;
      if (left > 0) this.#ofAddress.set(address, left);
      else this.#ofAddress.delete(address);
    };
  }
}
