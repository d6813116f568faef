import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_DAY,
} from "../domain/time.ts";
import {
  BEFORE_FIRST,
  type Clock,
  compareEntryIds,
  type EntryId,
  type Log,
  type TickArchive,
  type TickBuffer,
} from "../ports.ts";
import { describeEntry } from "./describe_entry.ts";

export interface ArchiverSettings {
  /** How often what was committed since is moved. */
  readonly everyMs: number;
  /** What one statement brings: it must not keep commits waiting. */
  readonly sliceBytes: number;
  readonly sliceEntries: number;
  /** Rest after a slice, at least; twice as long as it took if that is more. */
  readonly restMsMin: number;
  /** How long ticks stay in the archive. */
  readonly retentionDays: number;
}

export const ARCHIVER_DEFAULTS: ArchiverSettings = {
  everyMs: 5_000,
  sliceBytes: 256 * 1_024,
  sliceEntries: 512,
  restMsMin: 5,
  retentionDays: 7,
};

const REST = 2;
const DROP_EVERY_MS = 3_600_000;

export interface ArchiverOptions {
  readonly buffer: TickBuffer;
  readonly archive: TickArchive;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes what is archived safe from power loss. */
  readonly checkpoint: () => Promise<unknown>;
  readonly settings?: Partial<ArchiverSettings>;
}

interface Stream {
  readonly incarnation: string;
  committed: EntryId;
  /** `null` until the archive was asked. */
  reached: EntryId | null;
  /** How far it was at the last trim. */
  safe: EntryId;
}

/** A stream of which nothing can be archived at present. */
export interface ArchiveFailure {
  readonly p: number;
  readonly since: EpochMicros;
  readonly error: string;
}

/** The program stops before all was moved: what is left moves next time. */
export class ArchiveStoppedError extends Error {
  override name = "ArchiveStoppedError";
}

/**
 * Moves what is in candles from the buffer to the archive, as it is.
 *
 * Only committed entries are moved, a few seconds after their commit and in
 * slices with a rest between them, so that commits have most of a warehouse
 * that does one thing at a time. Repeatable: after a crash it goes on from
 * what the archive has.
 */
export class TickArchiver {
  readonly #settings: ArchiverSettings;
  readonly #streams = new Map<number, Stream>();
  /** Last work of each partition: one at a time. */
  readonly #work = new Map<number, Promise<void>>();
  readonly #failures = new Map<number, ArchiveFailure>();
  #droppedAtMs = -Infinity;
  #stopped = false;

  constructor(private readonly options: ArchiverOptions) {
    this.#settings = { ...ARCHIVER_DEFAULTS, ...options.settings };
  }

  /** Notes how far a stream is in candles; to be called at each commit. */
  onCommitted(p: number, position: EntryId, incarnation: string): void {
    this.#stream(p, incarnation).committed = position;
  }

  /** Streams whose last try failed, and since when all of them did. */
  failures(): readonly ArchiveFailure[] {
    return [...this.#failures.values()].sort((a, b) => a.p - b.p);
  }

  /**
   * Resolves when a stream is archived up to `through`, safe from power loss:
   * then the buffer may forget it.
   *
   * @throws {ArchiveStoppedError} If `run` was aborted before.
   */
  async keepThrough(
    p: number,
    through: EntryId,
    incarnation: string,
  ): Promise<void> {
    await this.#move(p, through, incarnation);
    const stream = this.#stream(p, incarnation);
    const reached = stream.reached ?? BEFORE_FIRST;
    // A trim makes a checkpoint first, which has what the trim before found.
    if (compareEntryIds(through, stream.safe) > 0) {
      await this.options.checkpoint();
    }
    stream.safe = reached;
  }

  /** Moves and forgets, until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.options;
    signal.addEventListener("abort", () => this.#stopped = true);
    while (!signal.aborted) {
      for (const [p, { incarnation, committed }] of [...this.#streams]) {
        try {
          await this.#move(p, committed, incarnation);
        } catch (error) {
          if (error instanceof ArchiveStoppedError) return;
          log.warn("Could not archive ticks; it is tried again", {
            p,
            error: String(error),
          });
        }
      }
      await this.#drop();
      await clock.sleep(this.#settings.everyMs, signal);
    }
  }

  /** After what is under way. */
  async #move(
    p: number,
    through: EntryId,
    incarnation: string,
  ): Promise<void> {
    const before = this.#work.get(p) ?? Promise.resolve();
    const work = before.catch(() => {})
      .then(() => this.#advance(p, through, incarnation));
    this.#work.set(p, work);
    try {
      await work;
      this.#failures.delete(p);
    } catch (error) {
      this.#noteFailure(p, error);
      throw error;
    }
  }

  async #advance(
    p: number,
    through: EntryId,
    incarnation: string,
  ): Promise<void> {
    const { buffer, archive, clock } = this.options;
    const { sliceBytes, sliceEntries, restMsMin } = this.#settings;
    const stream = this.#stream(p, incarnation);
    stream.reached ??= await archive.archivedThrough(p, incarnation);
    while (compareEntryIds(stream.reached, through) < 0) {
      if (this.#stopped) {
        throw new ArchiveStoppedError("Cannot archive as the program stops");
      }
      const startedAtMs = clock.steadyMs();
      const raw = await buffer.readRaw(p, stream.reached, {
        through,
        maxEntries: sliceEntries,
        maxBytes: sliceBytes,
      });
      // A stream that was begun anew has other entries at these positions.
      if (await buffer.incarnation(p) !== incarnation) return;
      const reached = raw.at(-1)?.id ?? through;
      await archive.keep(p, incarnation, {
        through: reached,
        entries: raw.map(describeEntry).filter((entry) => entry !== null),
      });
      stream.reached = reached;
      const tookMs = clock.steadyMs() - startedAtMs;
      await clock.sleep(Math.max(restMsMin, REST * tookMs));
    }
  }

  #noteFailure(p: number, error: unknown): void {
    if (error instanceof ArchiveStoppedError) return;
    const since = this.#failures.get(p)?.since ?? this.options.clock.now();
    const [first] = (error instanceof Error ? error.message : String(error))
      .split("\n");
    this.#failures.set(p, { p, since, error: first });
  }

  async #drop(): Promise<void> {
    const { archive, clock, log } = this.options;
    const nowMs = clock.steadyMs();
    if (nowMs - this.#droppedAtMs < DROP_EVERY_MS) return;
    const kept = this.#settings.retentionDays * MICROS_PER_DAY;
    try {
      const days = await archive.dropBefore(epochMicros(clock.now() - kept));
      if (days > 0) log.info("Dropped old ticks from the archive", { days });
      this.#droppedAtMs = nowMs;
    } catch (error) {
      log.warn("Could not drop old ticks; it is tried again", {
        error: String(error),
      });
    }
  }

  #stream(p: number, incarnation: string): Stream {
    const known = this.#streams.get(p);
    if (known?.incarnation === incarnation) return known;
    const stream = {
      incarnation,
      committed: BEFORE_FIRST,
      reached: null,
      safe: BEFORE_FIRST,
    };
    this.#streams.set(p, stream);
    return stream;
  }
}
