import assert from "node:assert/strict";
import { runFeedClient } from "../../pipeline/feeds/feed_client.ts";
import { connectTcp } from "../../pipeline/feeds/tcp_connection.ts";
import { systemClock } from "../../pipeline/system_clock.ts";

/**
 * Sends a feed's ticks up to a number to a listener on this machine, those that
 * it does not have yet, and returns once they are acked.
 *
 * @param lineOf The line of a tick by its number, from 1, with its end.
 */
export async function sendThrough(
  port: number,
  { feed, lineOf, last }: {
    readonly feed: string;
    readonly lineOf: (seq: number) => string;
    readonly last: number;
  },
): Promise<void> {
  const encoder = new TextEncoder();
  const { acked } = await runFeedClient({
    hello: { feed, epoch: 1 },
    connect: (signal) => connectTcp({ hostname: "127.0.0.1", port }, signal),
    source: () => ({
      async *from(seq, { max }) {
        while (seq <= last) {
          const count = Math.min(max, last - seq + 1);
          const lines = Array.from(
            { length: count },
            (_, i) => lineOf(seq + i),
          );
          yield { bytes: encoder.encode(lines.join("")), count };
          seq += count;
        }
      },
    }),
    clock: systemClock,
    signal: new AbortController().signal,
  });
  assert.equal(acked, last);
}
