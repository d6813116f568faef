import type { ServerResponse } from "node:http";
import type { BodySink, BodySource } from "./pushed_body.ts";
import { Wakes } from "./wakes.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Who gets more of what is long: a crowd of them leaves others their turns. */
const rests = new Wakes(1, true);

/** So long the end of a body may be on its way. */
const END_MS_MAX = 5_000;

/**
 * A body on its way to a connection of `node:http`, no more of it at a time
 * than the connection takes.
 */
export class ConnectionSink implements BodySink {
  /** What the connection has yet to be given. */
  #rest: readonly Bytes[] = [];
  #late: ReturnType<typeof setTimeout> | undefined;
  readonly #goOn = () => {
    if (this.#giveRest()) this.source.drained();
  };

  constructor(
    private readonly response: ServerResponse,
    private readonly source: BodySource,
  ) {
    response.on("drain", () => {
      if (this.#rest.length === 0) source.drained();
      else rests.add(this.#goOn);
    });
    response.on("close", () => {
      this.#rest = [];
      rests.delete(this.#goOn);
      clearTimeout(this.#late);
      source.gone();
    });
  }

  write(parts: readonly Bytes[]): boolean {
    this.#rest = parts;
    return this.#giveRest();
  }

  end(): void {
    // Whoever does not take what there is would not take the end either.
    if (this.#rest.length > 0 || this.response.writableNeedDrain) {
      return this.cut();
    }
    this.response.end();
    this.#late = setTimeout(() => this.cut(), END_MS_MAX);
  }

  cut(): void {
    this.response.destroy();
  }

  /** @returns Whether all was given, and more would be taken. */
  #giveRest(): boolean {
    for (let i = 0; i < this.#rest.length; i++) {
      if (this.response.write(this.#rest[i])) continue;
      this.#rest = this.#rest.slice(i + 1);
      return false;
    }
    this.#rest = [];
    return true;
  }
}
