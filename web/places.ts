import { isLoopback } from "./loopback.ts";

export interface PlaceLimits {
  readonly clients: number;
  /** Of one address; loopback is exempt. */
  readonly clientsOfAddress: number;
}

/** Counts clients that are here at a time, in total and of each address. */
export class Places {
  #total = 0;
  readonly #ofAddress = new Map<string, number>();

  get total(): number {
    return this.#total;
  }

  /**
   * Lets one more in.
   *
   * @param exempt Addresses that stand for many clients, as a proxy's does.
   * @returns How to give the place back, or `null` if there is none.
   */
  enter(
    address: string,
    limits: PlaceLimits,
    exempt: (address: string) => boolean = isLoopback,
  ): (() => void) | null {
    const mine = this.#ofAddress.get(address) ?? 0;
    if (this.#total >= limits.clients) return null;
    if (mine >= limits.clientsOfAddress && !exempt(address)) return null;
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
