import { compareEntryIds, type EntryId, type ReadEntry } from "../ports.ts";

/** Of all streams together, about: some tenths of a second at the top rate. */
const BYTES_MAX = 16 * 1_048_576;
/** Of an entry, whatever is in it: its objects, and the heads of its columns. */
const ENTRY_BYTES = 2_048;
/** Whoever reads a stream comes back within this, unless it is held up. */
const READ_WITHIN_MS = 5_000;

/** Which stream entries are in, and whose. */
export interface StreamOrigin {
  readonly incarnation: string;
  /** The start of the server that appended them. */
  readonly server: string;
}

/** An entry that this process appended, and nobody may change from then on. */
export interface OwnEntry extends StreamOrigin, ReadEntry {
  /** The entry before it in the stream. */
  readonly before: EntryId;
  /** As it was encoded. */
  readonly encodedBytes: number;
  /** About what its ticks and texts take here. */
  readonly bytes: number;
}

/** Entries that follow a position without a gap, as far as is known here. */
export interface OwnRun extends StreamOrigin {
  readonly entries: readonly ReadEntry[];
}

interface OwnStream {
  /** In their order, each right behind the one before. */
  readonly entries: OwnEntry[];
  readAt: number;
}

/**
 * Entries that this process appended and reads itself, until it has read past
 * them: they need not come back from the server.
 *
 * Bounded: what finds no room, does not follow the entry before it here, or
 * belongs to a stream that nobody here reads, is not kept. Pure: `now` is in
 * milliseconds of any clock that never falls.
 */
export class OwnEntries {
  readonly #streams = new Map<string, OwnStream>();
  #bytes = 0;

  /**
   * What follows `after`, up to so many entries and bytes but one at least;
   * `null` if that is not known. What lies before is let go.
   */
  following(
    stream: string,
    after: EntryId,
    most: { readonly maxEntries: number; readonly maxBytes: number },
    now: number,
  ): OwnRun | null {
    let own = this.#streams.get(stream);
    if (own === undefined) {
      own = { entries: [], readAt: now };
      this.#streams.set(stream, own);
    }
    own.readAt = now;
    const past = own.entries.findIndex(({ id }) =>
      compareEntryIds(id, after) > 0
    );
    this.#drop(own, past < 0 ? own.entries.length : past);
    const [first] = own.entries;
    if (first === undefined || first.before !== after) return null;
    let bytes = most.maxBytes;
    const entries: ReadEntry[] = [];
    for (const { id, entry, encodedBytes } of own.entries) {
      bytes -= encodedBytes;
      if (entries.length > 0 && bytes < 0) break;
      entries.push({ id, entry });
      if (entries.length >= most.maxEntries) break;
    }
    return { incarnation: first.incarnation, server: first.server, entries };
  }

  keep(stream: string, appended: OwnEntry, now: number): void {
    const own = this.#streams.get(stream);
    if (own === undefined) return;
    if (now - own.readAt > READ_WITHIN_MS) return this.forget(stream);
    const newest = own.entries.at(-1);
    const follows = newest === undefined ||
      newest.id === appended.before &&
        newest.incarnation === appended.incarnation &&
        newest.server === appended.server;
    if (!follows) return;
    const bytes = appended.bytes + ENTRY_BYTES;
    const room = () => this.#bytes + bytes <= BYTES_MAX;
    if (!room()) this.#forgetUnread(now);
    if (!room()) return;
    own.entries.push(appended);
    this.#bytes += bytes;
  }

  /** Nothing is known of a stream any more. */
  forget(stream: string): void {
    const own = this.#streams.get(stream);
    if (own === undefined) return;
    this.#drop(own, own.entries.length);
    this.#streams.delete(stream);
  }

  /** Streams that are not read any more make room for others. */
  #forgetUnread(now: number): void {
    for (const [stream, { readAt }] of this.#streams) {
      if (now - readAt > READ_WITHIN_MS) this.forget(stream);
    }
  }

  #drop(own: OwnStream, count: number): void {
    for (const { bytes } of own.entries.splice(0, count)) {
      this.#bytes -= bytes + ENTRY_BYTES;
    }
  }
}
