import { runFeedClient } from "../../pipeline/feeds/feed_client.ts";
import { connectTcp } from "../../pipeline/feeds/tcp_connection.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import type { PreparedChunk, PreparedTicks } from "./prepared_ticks.ts";

/** Where a feed is to go, as `127.0.0.1:9101`. */
export type Address = string;

/** Writes all lines as fast as they are taken, without a hello, as `nc` would. */
export async function sendPlain(
  to: Address,
  { chunks }: { readonly chunks: Iterable<PreparedChunk> },
): Promise<void> {
  const { hostname, port } = addressOf(to);
  using connection = await Deno.connect({ hostname, port });
  for (const { bytes } of chunks) {
    for (let at = 0; at < bytes.length;) {
      at += await connection.write(bytes.subarray(at));
    }
  }
  // What was written is read to its end before the connection is closed.
  await connection.closeWrite();
  await connection.read(new Uint8Array(1));
}

/**
 * Writes all lines without a hello, `perSecond` of them a second.
 *
 * @returns How long it took until the last was written, in milliseconds.
 */
export async function sendPaced(
  to: Address,
  { chunks }: PreparedTicks,
  perSecond: number,
): Promise<number> {
  const { hostname, port } = addressOf(to);
  using connection = await Deno.connect({ hostname, port });
  const from = performance.now();
  for (const { bytes, first, count } of chunks) {
    // No tick is sent before its time.
    const due = from + (first + count - 1) / perSecond * 1_000;
    const waitMs = due - performance.now();
    if (waitMs > 0) {
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    for (let at = 0; at < bytes.length;) {
      at += await connection.write(bytes.subarray(at));
    }
  }
  const tookMs = performance.now() - from;
  await connection.closeWrite();
  await connection.read(new Uint8Array(1));
  return tookMs;
}

/** Sends all ticks with hello, and waits until each is acked. */
export async function sendAcked(
  to: Address,
  feed: string,
  { chunks, plan }: PreparedTicks,
): Promise<void> {
  const summary = await runFeedClient({
    hello: { feed, epoch: 1 },
    connect: (signal) => connectTcp(addressOf(to), signal),
    source: () => ({
      async *from(seq, { max }) {
        const size = chunks[0].count;
        for (let i = Math.floor((seq - 1) / size); i < chunks.length; i++) {
          const { bytes, first, count } = chunks[i];
          if (first !== seq || count > max) {
            throw new Error(`A feed of chunks cannot go on from ${seq}`);
          }
          yield { bytes, count };
          seq += count;
        }
      },
    }),
    clock: systemClock,
    signal: new AbortController().signal,
  });
  if (summary.acked !== plan.ticks) {
    throw new Error(`${summary.acked} of ${plan.ticks} ticks were acked`);
  }
}

function addressOf(to: Address): { hostname: string; port: number } {
  const colon = to.lastIndexOf(":");
  return { hostname: to.slice(0, colon), port: Number(to.slice(colon + 1)) };
}
