import { ListenError } from "../listen_error.ts";
import { nextTurn, nextTurnOfMany } from "../next_turn.ts";
import type { Clock, Log } from "../ports.ts";
import type { OpenConnections } from "./connection_limits.ts";
import { messageLine } from "./control_message.ts";
import { type ConnectionOptions, runConnection } from "./run_connection.ts";

export type ListenerOptions =
  & Omit<ConnectionOptions, "plainFeed" | "peer">
  & {
    readonly hostname: string;
    /** 0 lets the system choose. */
    readonly port: number;
    readonly connections: OpenConnections;
  };

/** A listener that runs. */
export interface FeedListener {
  /** Where it listens, as `host:port`. */
  readonly address: string;
  readonly hostname: string;
  readonly port: number;
  /** Resolves when it was stopped and its connections have drained. */
  readonly stopped: Promise<void>;
}

/** Out of file descriptors, most likely: some will be free again. */
const ACCEPT_RETRY_MS = 50;
/** Between two lines of the log on refused feeds, however many there are. */
const TELL_EVERY_MS = 10_000;
/** Taken of one connection before others have their turn: some hundred lines. */
const READ_BYTES_MAX = 65_536;
const TOO_MANY = new TextEncoder().encode(messageLine({
  type: "error",
  code: "too_many_connections",
  reason: "this listener has as many feeds as it may",
}));

/**
 * Listens for feeds until the signal aborts.
 *
 * @throws {ListenError} If the address cannot be listened on.
 */
export function startListener(options: ListenerOptions): FeedListener {
  const { hostname, port, signal } = options;
  const listener = listenOn(hostname, port);
  const bound = listener.addr.port;
  const address = hostPort(hostname, bound);
  const close = () => listener.close();
  if (signal.aborted) close();
  else signal.addEventListener("abort", close, { once: true });
  return {
    address,
    hostname,
    port: bound,
    stopped: acceptAll(listener, address, options),
  };
}

function listenOn(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port, transport: "tcp" });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ListenError("listen for feeds", hostPort(hostname, port), error);
  }
}

async function acceptAll(
  listener: Deno.TcpListener,
  address: string,
  options: ListenerOptions,
): Promise<void> {
  const { signal, log, clock } = options;
  const running = new Set<Promise<void>>();
  const refusals = new Refusals(log, clock);
  while (!signal.aborted) {
    let connection: Deno.TcpConn;
    try {
      connection = await listener.accept();
    } catch (error) {
      if (signal.aborted) break;
      log.warn("Cannot accept a feed's connection, will try again", {
        listener: address,
        error: String(error),
      });
      await clock.sleep(ACCEPT_RETRY_MS, signal);
      continue;
    }
    const run = serve(connection, address, options, refusals).catch((error) =>
      log.error("A feed's connection failed", { error: String(error) })
    ).then(() => void running.delete(run));
    running.add(run);
    await nextTurn();
  }
  await Promise.all(running);
}

async function serve(
  connection: Deno.TcpConn,
  address: string,
  options: ListenerOptions,
  refusals: Refusals,
): Promise<void> {
  const { hostname, port } = connection.remoteAddr as Deno.NetAddr;
  const peer = hostPort(hostname, port);
  const place = options.connections.enter(hostname);
  if (!place) {
    refusals.note(peer);
    await refuse(connection);
    return;
  }
  try {
    await runConnection(
      tcpConnection(connection),
      { ...options, plainFeed: `plain@${address}`, peer },
      place.onStats,
    );
  } finally {
    place.leave();
  }
}

/** Connections that were refused, and told of now and then. */
class Refusals {
  #refused = 0;
  #toldAtMs = -Infinity;

  constructor(private readonly log: Log, private readonly clock: Clock) {}

  note(peer: string): void {
    this.#refused += 1;
    const nowMs = this.clock.steadyMs();
    if (nowMs - this.#toldAtMs < TELL_EVERY_MS) return;
    this.#toldAtMs = nowMs;
    this.log.warn("A feed was refused as there are too many", {
      peer,
      refusedSoFar: this.#refused,
    });
  }
}

async function refuse(connection: Deno.TcpConn): Promise<void> {
  try {
    await connection.write(TOO_MANY);
  } catch {
    // Gone already: there is nobody to tell.
  } finally {
    connection.close();
  }
}

/**
 * Set up to send small acks at once, and to notice a peer that vanished. A
 * source that has always more to say lets others have their turn.
 */
export function tcpConnection(connection: Deno.TcpConn) {
  connection.setNoDelay(true);
  connection.setKeepAlive(true);
  return {
    async read(into: Uint8Array): Promise<number | null> {
      const n = await connection.read(into.subarray(0, READ_BYTES_MAX));
      await nextTurnOfMany();
      return n;
    },
    write: (bytes: Uint8Array) => connection.write(bytes),
    closeWrite: () => connection.closeWrite(),
    close: () => connection.close(),
  };
}

export function hostPort(hostname: string, port: number): string {
  return hostname.includes(":")
    ? `[${hostname}]:${port}`
    : `${hostname}:${port}`;
}
