import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";

/** Bytes that may wait in the WebSocket before more of them are taken. */
const WAITING_BYTES_MAX = 1_048_576;
/** A WebSocket does not say when it has sent what waits. */
const DRAIN_LOOK_MS = 5;
/** Of one message: some relays cut off who sends larger ones. */
const MESSAGE_BYTES_MAX = 32_768;
const NORMAL = 1_000;

/**
 * A connection to a PostgreSQL through a relay: its bytes in binary messages of
 * a WebSocket, any bytes in any message. To the driver it is a socket of
 * `node:net`.
 *
 * The relay is told where to connect to by `?address=host:port`, as those for
 * Neon's driver are.
 *
 * What comes is handed on at once, as nothing can tell a WebSocket to wait: it
 * is bound by the answers to what was asked, which the driver keeps anyway.
 */
export class RelayedSocket extends Duplex {
  #socket: WebSocket | null = null;
  #drain: ReturnType<typeof setTimeout> | undefined;
  readonly #url: URL;

  /** @param relay As in `wss://relay.example/v1`. */
  constructor(relay: string) {
    super();
    this.#url = new URL(relay);
  }

  connect(port: number, host: string): this {
    const name = host.includes(":") ? `[${host}]` : host;
    this.#url.searchParams.set("address", `${name}:${port}`);
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.#url);
    } catch (cause) {
      return this.destroy(this.#failure("cannot be asked", cause));
    }
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.emit("connect");
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.push(new Uint8Array(data));
      else this.destroy(this.#failure("sent text in place of bytes"));
    };
    socket.onerror = (event) =>
      this.destroy(
        this.#failure("does not answer", (event as ErrorEvent).message),
      );
    socket.onclose = ({ code, reason }) =>
      this.destroy(
        this.#failure("closed the connection", `${code} ${reason}`.trim()),
      );
    this.#socket = socket;
    return this;
  }

  override _read(): void {}

  override _write(
    bytes: Uint8Array<ArrayBuffer>,
    _encoding: string,
    done: (error?: Error) => void,
  ): void {
    const socket = this.#socket!;
    for (let at = 0; at < bytes.length; at += MESSAGE_BYTES_MAX) {
      socket.send(bytes.subarray(at, at + MESSAGE_BYTES_MAX));
    }
    const look = () => {
      if (socket.bufferedAmount <= WAITING_BYTES_MAX) done();
      else this.#drain = setTimeout(look, DRAIN_LOOK_MS);
    };
    look();
  }

  /** What a statement consists of was written at once: one message has it. */
  override _writev(
    chunks: readonly { readonly chunk: Uint8Array<ArrayBuffer> }[],
    done: (error?: Error) => void,
  ): void {
    this._write(
      Buffer.concat(chunks.map(({ chunk }) => chunk)),
      "buffer",
      done,
    );
  }

  override _final(done: (error?: Error) => void): void {
    this.#hangUp();
    this.push(null);
    done();
  }

  override _destroy(
    error: Error | null,
    done: (error?: Error | null) => void,
  ): void {
    this.#hangUp();
    done(error);
  }

  /** These are of TCP: a relay has its own. */
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** Waits for nobody: a relay may never answer. */
  #hangUp(): void {
    clearTimeout(this.#drain);
    const socket = this.#socket;
    if (socket === null) return;
    socket.onopen =
      socket.onmessage =
      socket.onerror =
      socket.onclose =
        null;
    socket.close(NORMAL);
  }

  /** Names the relay without what may be secret in its URL. */
  #failure(what: string, cause?: unknown): Error {
    const why = cause
      ? `: ${cause instanceof Error ? cause.message : cause}`
      : "";
    return new Error(`The relay ${this.#url.host} ${what}${why}`, { cause });
  }
}
