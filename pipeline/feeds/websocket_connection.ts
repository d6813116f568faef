import type { Clock } from "../ports.ts";
import type { ByteConnection } from "./run_connection.ts";
import { type Venue, VenueError } from "./venues/venue.ts";

/** Lines that may wait; a venue does not wait for us, so then we hang up. */
const WAITING_BYTES_MAX = 16 * 1_048_576;
/** A venue that says nothing for so long is gone: all send heartbeats. */
const SILENCE_MS = 60_000;

/**
 * A venue's WebSocket as a connection that gives lines of the feed protocol.
 * What is written to it goes nowhere: venues take no acks.
 *
 * @throws {Error} If nobody answers there before the signal aborts.
 */
export async function connectWebSocket(
  { url, venue, clock }: {
    readonly url: string;
    readonly venue: Venue;
    readonly clock: Clock;
  },
  signal: AbortSignal,
): Promise<ByteConnection> {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const lines = new WaitingBytes();
  let heardAtMs = clock.steadyMs();
  socket.onmessage = ({ data }) => {
    heardAtMs = clock.steadyMs();
    try {
      lines.put(venue.lines(
        typeof data === "string" ? data : new Uint8Array(data),
      ));
    } catch (error) {
      lines.end(
        error instanceof VenueError
          ? error
          : new VenueError(`Cannot read a message of the venue: ${error}`),
      );
      socket.close();
    }
  };
  await opened(socket, signal);
  const watch = setInterval(() => {
    if (clock.steadyMs() - heardAtMs < SILENCE_MS) return;
    lines.end(new VenueError(`The venue said nothing for ${SILENCE_MS} ms`));
    socket.close();
  }, 1_000);
  socket.onclose = ({ code, reason }) => {
    clearInterval(watch);
    lines.end(new VenueError(`The venue closed (${code}) ${reason}`.trim()));
  };
  for (const text of venue.hello) socket.send(text);
  return {
    read: (into) => lines.take(into),
    write: (bytes) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close: () => {
      clearInterval(watch);
      lines.end(null);
      socket.close();
    },
  };
}

function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      socket.onclose = null;
      socket.close();
      reject(new Error(reason));
    };
    const aborted = () => fail("Nobody answered in time");
    if (signal.aborted) return aborted();
    signal.addEventListener("abort", aborted, { once: true });
    socket.onopen = () => {
      signal.removeEventListener("abort", aborted);
      resolve();
    };
    socket.onerror = (event) => {
      const { message } = event as ErrorEvent;
      signal.removeEventListener("abort", aborted);
      fail(message || "The WebSocket failed");
    };
  });
}

/** Bytes between a socket that pushes and a reader that pulls. */
class WaitingBytes {
  readonly #encoder = new TextEncoder();
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #ended: { readonly error: Error | null } | null = null;
  #wake = () => {};

  put(lines: readonly string[]): void {
    if (lines.length === 0 || this.#ended) return;
    const bytes = this.#encoder.encode(`${lines.join("\n")}\n`);
    if (this.#bytes + bytes.length > WAITING_BYTES_MAX) {
      throw new VenueError(
        `More than ${WAITING_BYTES_MAX} bytes wait to be buffered`,
      );
    }
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    this.#wake();
  }

  /** Nothing more comes; what is there is read first. */
  end(error: Error | null): void {
    this.#ended ??= { error };
    this.#wake();
  }

  async take(into: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#ended?.error) throw this.#ended.error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const [first] = this.#chunks;
    const taken = first.subarray(0, into.length);
    into.set(taken);
    if (taken.length === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(taken.length);
    this.#bytes -= taken.length;
    return taken.length;
  }
}
