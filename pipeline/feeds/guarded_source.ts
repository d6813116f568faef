import type { TickChunk, TickSource } from "./feed_client.ts";

/** The source of the ticks failed, not the connection: no retry helps. */
export class TickSourceError extends Error {
  override name = "TickSourceError";
}

/** The same source, whose failures are told apart from a connection's. */
export function guardedSource(source: TickSource): TickSource {
  return {
    async *from(seq, options): AsyncGenerator<TickChunk> {
      try {
        yield* source.from(seq, options);
      } catch (cause) {
        throw new TickSourceError(
          `Cannot read tick ${seq} or one after it: ${
            cause instanceof Error ? cause.message : cause
          }`,
          { cause },
        );
      }
    },
  };
}
