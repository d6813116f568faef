/** The server's time on a machine whose own clock may be off. */
export class ServerClock {
  #aheadMs = 0;

  /** The server has just said what time it is, in Unix ms. */
  set(serverNow: number): void {
    this.#aheadMs = serverNow - Date.now();
  }

  now(): number {
    return Date.now() + this.#aheadMs;
  }
}
