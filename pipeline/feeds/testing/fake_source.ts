import { ndjsonDecoder } from "../decode_ndjson.ts";
import { DecodedBatch } from "../decoded_batch.ts";
import type { FeedEvents } from "../feed_ingest.ts";
import type { FeedEntrance, Ingest, OpenRequest } from "../ingest.ts";
import { LineFramer } from "../line_framer.ts";

/** A connection without its network: lines go in, what it hears is kept. */
export class FakeSource implements FeedEvents {
  readonly heard: unknown[] = [];
  acked: number | null = null;
  failed: string | null = null;
  readonly #framer = new LineFramer();
  readonly #decoder = ndjsonDecoder();
  readonly #stop = new AbortController();
  entrance!: FeedEntrance;

  static async open(
    ingest: Ingest,
    request: Partial<OpenRequest> = {},
  ): Promise<FakeSource> {
    const source = new FakeSource();
    const result = await ingest.open(
      {
        feed: "nse",
        delivery: "acked",
        replay: false,
        content: "real",
        ...request,
      },
      source,
      source.#decoder.symbols.names,
    );
    if (result.kind === "refused") source.failed = result.code;
    else source.entrance = result.entrance;
    return source;
  }

  async send(...lines: (string | Record<string, unknown>)[]): Promise<void> {
    const text = lines.map((line) =>
      typeof line === "string" ? `${line}\n` : `${JSON.stringify(line)}\n`
    ).join("");
    const bytes = new TextEncoder().encode(text);
    const batch = new DecodedBatch(this.#framer.bytes);
    for (let at = 0; at < bytes.length;) {
      const space = this.#framer.space();
      const part = bytes.subarray(at, at + space.length);
      space.set(part);
      this.#framer.filled(part.length);
      at += part.length;
      for (;;) {
        batch.clear();
        this.#decoder.decode(this.#framer, batch);
        if (batch.length === 0) break;
        await this.entrance.take(batch, this.#stop.signal);
      }
    }
  }

  buffered(seq: number): void {
    this.heard.push(["buffered", seq]);
  }

  ack(seq: number): void {
    this.acked = seq;
  }

  nack(nack: { readonly seq: number | null; readonly code: string }): void {
    this.heard.push(["nack", nack.seq, nack.code]);
  }

  resend(from: number): void {
    this.heard.push(["resend", from]);
  }

  fail(code: string): void {
    this.failed = code;
  }

  /** What it heard, of one kind. */
  of(kind: string): unknown[] {
    return this.heard.filter((message) => (message as unknown[])[0] === kind);
  }
}

/** A tick of the field's shape, of the second at which a test begins. */
export function tick(
  seq: number | undefined,
  given: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    symbol: "A",
    ts: 1_764_042_300_000 + (seq ?? 0) % 1_000,
    price: 100,
    volume: 1,
    ...(seq === undefined ? {} : { seq }),
    ...given,
  };
}

export function ticks(from: number, to: number): Record<string, unknown>[] {
  return Array.from({ length: to - from + 1 }, (_, i) => tick(from + i));
}
