import type { FeedKey } from "../domain/entry.ts";
import type { EpochMicros } from "../domain/time.ts";
import {
  type AppendRequest,
  type AppendResult,
  type BufferStats,
  type EntryId,
  type RawEntry,
  type ReadBatch,
  type TickBuffer,
} from "../ports.ts";
import { AppendSignal } from "./append_signal.ts";
import { BufferError } from "./buffer_error.ts";
import type {
  AppendRow,
  Call,
  Operation,
  Operations,
  Reply,
} from "./sqlite_protocol.ts";
import { decodeEntry, encodeEntry } from "./tick_codec.ts";

/** Bounds of one transaction of appends. */
const GROUP_ENTRIES_MAX = 256;
const GROUP_BYTES_MAX = 4 * 1024 * 1024;

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

interface WaitingAppend extends Waiting<AppendResult> {
  readonly row: AppendRow;
}

/**
 * The buffer in one SQLite file, synced at every commit.
 *
 * SQLite runs in a Worker. Appends that come while a transaction runs go into
 * the next one together, in the order in which they came, so that the price of
 * a sync is shared; bytes are handed over, not copied.
 */
export class SqliteBuffer implements TickBuffer {
  readonly #calls = new Map<number, Waiting<unknown>>();
  readonly #signal = new AppendSignal();
  readonly #floors = new Map<number, number>();
  #nextCall = 1;
  #queue: WaitingAppend[] = [];
  #appending = false;
  #closed: Promise<void> | null = null;
  /** Why the worker answers nothing any more. */
  #failure: BufferError | null = null;

  private constructor(
    private readonly worker: Worker,
    private opened: { incarnation: string },
  ) {
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#settle(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#failAll(
        new BufferError(`The buffer's worker failed`, {
          cause: event.error ?? event.message,
        }),
      );
    };
  }

  /** Opens the file at `path`, or makes it. */
  static async open(path: string): Promise<SqliteBuffer> {
    const worker = new Worker(
      new URL("./sqlite_buffer_worker.ts", import.meta.url),
      { type: "module", name: "buffer" },
    );
    const buffer = new SqliteBuffer(worker, { incarnation: "" });
    try {
      buffer.opened = await buffer.#call("open", { path });
    } catch (cause) {
      worker.terminate();
      throw new BufferError(`Cannot open the buffer ${path}`, { cause });
    }
    return buffer;
  }

  /** One file has one, for all of its streams. */
  incarnation(_p: number): Promise<string> {
    return Promise.resolve(this.opened.incarnation);
  }

  append(request: AppendRequest): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      const row: AppendRow = {
        p: request.p,
        feed: request.key.feed,
        epoch: request.key.epoch,
        expectLast: request.expectLast,
        newLast: request.newLast,
        at: request.entry.receivedAt,
        floor: this.#floors.get(request.p) ?? 0,
        from: request.from ?? null,
        bytes: encodeEntry(request.entry),
      };
      this.#queue.push({ row, resolve, reject });
      this.#appendNext();
    });
  }

  async lastSeq(p: number, key: FeedKey): Promise<number> {
    return await this.#call("lastSeq", {
      p,
      feed: key.feed,
      epoch: key.epoch,
    });
  }

  async read(
    p: number,
    after: EntryId,
    options: Parameters<TickBuffer["read"]>[2],
  ): Promise<ReadBatch> {
    const { incarnation } = this.opened;
    const { maxEntries, maxBytes, waitMs, signal } = options;
    const deadline = performance.now() + waitMs;
    for (;;) {
      const seen = this.#signal.version(p);
      const rows = await this.#call("read", {
        p,
        after: numberOf(after),
        maxEntries,
        maxBytes,
      });
      if (rows.length > 0) {
        const entries = rows.map(({ n, bytes }) => ({
          id: idOf(n),
          entry: decodeEntry(bytes),
        }));
        return { incarnation, entries };
      }
      const left = deadline - performance.now();
      if (left <= 0 || signal?.aborted || this.#closed) break;
      await this.#signal.wait(p, seen, left, signal);
      if (this.#closed) break;
    }
    return { incarnation, entries: [] };
  }

  async readRaw(
    p: number,
    after: EntryId,
    options: Parameters<TickBuffer["readRaw"]>[2],
  ): Promise<readonly RawEntry[]> {
    const { through, maxEntries, maxBytes } = options;
    const rows = await this.#call("read", {
      p,
      after: numberOf(after),
      through: numberOf(through),
      maxEntries,
      maxBytes,
    });
    return rows.map(({ n, bytes }) => ({ id: idOf(n), bytes }));
  }

  raiseFloor(p: number, floor: EntryId): void {
    const n = numberOf(floor);
    if (n > (this.#floors.get(p) ?? 0)) this.#floors.set(p, n);
  }

  async trim(p: number, through: EntryId): Promise<void> {
    await this.#call("trim", { p, through: numberOf(through) });
  }

  async newest(p: number): Promise<EntryId> {
    return idOf(await this.#call("newest", { p }));
  }

  async newestBefore(p: number, time: EpochMicros): Promise<EntryId> {
    return idOf(await this.#call("newestBefore", { p, time }));
  }

  async stats(): Promise<BufferStats> {
    return await this.#call("stats", {});
  }

  /** Waits for the appends under way; repeatable. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    while (this.#appending) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    this.#signal.notifyAll();
    try {
      await this.#post("close", {}, []);
    } finally {
      this.worker.terminate();
      this.#failAll(new BufferError("The buffer is closed"));
    }
  }

  #appendNext(): void {
    if (this.#appending || this.#queue.length === 0) return;
    const group = this.#takeGroup();
    this.#appending = true;
    this.#post(
      "append",
      { rows: group.map(({ row }) => row) },
      group.map(({ row }) => row.bytes.buffer),
    ).then(
      (outcomes) => {
        const streams = new Set<number>();
        group.forEach(({ row, resolve }, i) => {
          const outcome = outcomes[i];
          if ("n" in outcome) {
            streams.add(row.p);
            const { incarnation } = this.opened;
            resolve({ kind: "appended", id: idOf(outcome.n), incarnation });
          } else resolve({ kind: "conflict", last: outcome.last });
        });
        for (const p of streams) this.#signal.notify(p);
      },
      (error) => group.forEach(({ reject }) => reject(error)),
    ).finally(() => {
      this.#appending = false;
      this.#appendNext();
    });
  }

  #takeGroup(): WaitingAppend[] {
    let bytes = 0;
    let count = 0;
    for (const { row } of this.#queue) {
      bytes += row.bytes.length;
      if (count > 0 && bytes > GROUP_BYTES_MAX) break;
      if (++count === GROUP_ENTRIES_MAX) break;
    }
    const group = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return group;
  }

  // deno-lint-ignore require-await -- a failure must be a rejection
  async #call<O extends Operation>(
    operation: O,
    given: Operations[O]["given"],
  ): Promise<Operations[O]["returned"]> {
    this.#assertOpen();
    return this.#post(operation, given, []);
  }

  #post<O extends Operation>(
    operation: O,
    given: Operations[O]["given"],
    transfer: ArrayBuffer[],
  ): Promise<Operations[O]["returned"]> {
    const id = this.#nextCall++;
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#calls.set(id, {
        resolve: resolve as (value: unknown) => void,
        reject,
      });
      this.worker.postMessage(
        { id, operation, given } satisfies Call,
        transfer,
      );
    });
  }

  #settle(reply: Reply): void {
    const waiting = this.#calls.get(reply.id);
    this.#calls.delete(reply.id);
    if ("failed" in reply) {
      waiting?.reject(new BufferError(`The buffer failed: ${reply.failed}`));
    } else waiting?.resolve(reply.returned);
  }

  #failAll(error: BufferError): void {
    this.#failure ??= error;
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
    for (const { reject } of this.#queue) reject(error);
    this.#queue = [];
  }

  #assertOpen(): void {
    if (this.#closed) throw new BufferError("The buffer is closed");
  }
}

function idOf(n: number): EntryId {
  return `${n}-0` as EntryId;
}

function numberOf(id: EntryId): number {
  return Number(id.slice(0, id.indexOf("-")));
}
