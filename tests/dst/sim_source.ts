import { AssertionError } from "../../pipeline/domain/assert.ts";
import type { EpochMicros } from "../../pipeline/domain/time.ts";
import { DecodedBatch } from "../../pipeline/feeds/decoded_batch.ts";
import type { FeedEvents } from "../../pipeline/feeds/feed_ingest.ts";
import type { FeedEntrance, Ingest } from "../../pipeline/feeds/ingest.ts";
import type { SimFeed, SimLine } from "./sim_lines.ts";
import type { SimProcess } from "./sim_process.ts";
import type { SimRandom } from "./sim_random.ts";
import type { SimScheduler } from "./sim_scheduler.ts";

/** A process that listens for feeds. */
export interface SimListener {
  readonly process: SimProcess;
  readonly ingest: Ingest;
}

interface Connection {
  readonly listener: SimListener;
  readonly stop: AbortController;
  entrance: FeedEntrance | null;
  /** Used again for each send: one is on its way at a time. */
  readonly batch: DecodedBatch;
}

export interface SimSourceOptions {
  readonly feed: SimFeed;
  readonly scheduler: SimScheduler;
  readonly random: SimRandom;
  /** Processes that can be reached now. */
  readonly listeners: () => readonly SimListener[];
  /** A process says that all up to `seq` is safe: judged at that moment. */
  readonly onAck: (seq: number) => void;
  readonly onBug: (error: unknown) => void;
}

const BATCH_MAX = 24;
const MS = 1_000;
const RAW = new TextEncoder().encode("a line as it came over the wire");

/**
 * A source that keeps what is not acked, connects to whichever process it
 * finds, and sends again from where it is told to.
 */
export class SimSource {
  acked = 0;
  /** Number of the line that is sent next. */
  #next = 1;
  #connection: Connection | null = null;
  #faulty = true;

  constructor(private readonly options: SimSourceOptions) {
    this.#later(1, 100, () => this.#connect());
  }

  get done(): boolean {
    return this.acked === this.options.feed.lines.length;
  }

  /** Connections no longer break but by what happens to the other side. */
  calm(): void {
    this.#faulty = false;
  }

  #later(fromMs: number, toMs: number, run: () => void): void {
    const { scheduler, random } = this.options;
    scheduler.in(random.between(fromMs * MS, toMs * MS), run);
  }

  #connect(): void {
    const { listeners, random, feed, onBug } = this.options;
    const found = listeners();
    if (found.length === 0) return this.#later(20, 200, () => this.#connect());
    const connection: Connection = {
      listener: random.pick(found),
      stop: new AbortController(),
      entrance: null,
      batch: new DecodedBatch(RAW, BATCH_MAX),
    };
    this.#connection = connection;
    const { process, ingest } = connection.listener;
    const symbols = [...new Set(feed.lines.map(({ symbol }) => symbol))];
    this.#later(0, 2, () =>
      process.enter(() => {
        ingest.open(
          {
            feed: feed.key.feed,
            epoch: feed.key.epoch,
            delivery: "acked",
            replay: false,
            content: "simulated",
          },
          this.#events(connection),
          symbols,
        ).then((result) => {
          if (result.kind === "refused") {
            onBug(new Error(`${feed.key.feed} refused: ${result.reason}`));
          } else if (this.#connection !== connection) {
            result.entrance.detach().then(() => result.entrance.release());
          } else {
            connection.entrance = result.entrance;
            const { resumeAfter } = result.entrance;
            this.options.onAck(resumeAfter);
            this.#hear(connection, () => {
              this.acked = Math.max(this.acked, resumeAfter);
              this.#next = this.acked + 1;
              this.#send(connection, symbols);
            });
          }
        }, (error) => {
          if (error instanceof AssertionError) onBug(error);
          this.#hear(connection, () => this.#disconnect(connection));
        });
      }));
    this.#watch(connection);
  }

  /** Notices a process that is gone, or leaves for no reason. */
  #watch(connection: Connection): void {
    this.#later(20, 300, () => {
      if (this.#connection !== connection) return;
      const gone = !connection.listener.process.alive;
      if (gone || (this.#faulty && this.options.random.chance(0.03))) {
        this.#disconnect(connection);
      } else this.#watch(connection);
    });
  }

  #disconnect(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    const { entrance, stop, listener } = connection;
    this.#later(0, 50, () =>
      listener.process.enter(() => {
        stop.abort();
        entrance?.detach().then(() => entrance.release());
      }));
    this.#later(20, 400, () => this.#connect());
  }

  /** Something arrives at the source, unless the connection is gone. */
  #hear(connection: Connection, run: () => void): void {
    this.#later(0, 1, () => {
      if (this.#connection === connection) run();
    });
  }

  #events(connection: Connection): FeedEvents {
    return {
      buffered: () => {},
      ack: (seq) => {
        this.options.onAck(seq);
        this.#hear(connection, () => {
          this.acked = Math.max(this.acked, seq);
        });
      },
      nack: () => {},
      resend: (from) =>
        this.#hear(connection, () => {
          this.#next = Math.max(this.acked + 1, Math.min(this.#next, from));
        }),
      fail: () => this.#hear(connection, () => this.#disconnect(connection)),
    };
  }

  #send(connection: Connection, symbols: readonly string[]): void {
    if (this.#connection !== connection) return;
    const { feed, random, scheduler } = this.options;
    if (this.#faulty && random.chance(0.05)) {
      this.#next = Math.max(this.acked + 1, this.#next - random.between(1, 9));
    }
    const { batch } = connection;
    batch.clear();
    const wanted = random.between(1, BATCH_MAX);
    while (batch.length < wanted && this.#next <= feed.lines.length) {
      const line = feed.lines[this.#next - 1];
      if (line.at > scheduler.now) break;
      addLine(batch, line, symbols);
      this.#next += 1;
    }
    const again = () => this.#send(connection, symbols);
    if (batch.length === 0) return this.#later(20, 60, again);
    const { entrance, stop, listener } = connection;
    this.#later(0, 2, () =>
      listener.process.enter(() => {
        entrance!.take(batch, stop.signal).then(
          () => this.#later(0, 30, again),
          this.options.onBug,
        );
      }));
  }
}

function addLine(
  batch: DecodedBatch,
  line: SimLine,
  symbols: readonly string[],
): void {
  const at = { line: line.seq, start: 0, end: RAW.length };
  if (!line.good) {
    batch.addReject({
      reason: "schema",
      detail: "the line was made to be unreadable",
      seq: line.seq,
      symbol: null,
      ts: null,
    }, at);
    return;
  }
  batch.addTick(
    {
      symbol: line.symbol,
      ts: line.ts as EpochMicros,
      price: { units: line.price, scale: line.priceScale },
      size: { units: line.size, scale: 0 },
      seq: line.seq,
    },
    symbols.indexOf(line.symbol),
    at,
  );
}
