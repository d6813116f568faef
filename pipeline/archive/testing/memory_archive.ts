import { epochMicros, MICROS_PER_DAY } from "../../domain/time.ts";
import {
  type ArchivedEntry,
  BEFORE_FIRST,
  compareEntryIds,
  type EntryId,
  type RefusedTicks,
  type StreamedEntry,
  type TickArchive,
} from "../../ports.ts";

type Kept = ArchivedEntry & StreamedEntry & { readonly p: number };

/** An archive in memory; what is refused is set by the test. */
export class MemoryArchive implements TickArchive {
  readonly kept: Kept[] = [];
  /** Statements, by how many entries each brought. */
  readonly slices: number[] = [];
  refusedTicks: RefusedTicks = { places: [], numbers: [] };
  /** Fails what is asked next. */
  failures = 0;
  readonly #through = new Map<string, EntryId>();

  keep(
    p: number,
    incarnation: string,
    { through, entries }: Parameters<TickArchive["keep"]>[2],
  ): Promise<void> {
    if (this.failures > 0) {
      this.failures--;
      return Promise.reject(new Error("The archive is away"));
    }
    for (const entry of entries) {
      const known = this.kept.some((one) =>
        one.p === p && one.incarnation === incarnation && one.id === entry.id
      );
      if (!known) this.kept.push({ ...entry, p, incarnation });
    }
    this.slices.push(entries.length);
    this.#through.set(`${p}|${incarnation}`, through);
    return Promise.resolve();
  }

  archivedThrough(p: number, incarnation: string): Promise<EntryId> {
    return Promise.resolve(
      this.#through.get(`${p}|${incarnation}`) ?? BEFORE_FIRST,
    );
  }

  async *entries(
    { p, symbol, from, to }: Parameters<TickArchive["entries"]>[0],
  ): AsyncGenerator<readonly StreamedEntry[]> {
    const found = this.kept.filter((entry) =>
      entry.p === p && entry.symbols.includes(symbol) && entry.from < to &&
      entry.to >= from
    ).sort((a, b) => compareEntryIds(a.id, b.id));
    for (const entry of found) yield await Promise.resolve([entry]);
  }

  refused(): Promise<RefusedTicks> {
    return Promise.resolve(this.refusedTicks);
  }

  dropBefore(time: number): Promise<number> {
    const dayOf = (t: number) => Math.floor(t / MICROS_PER_DAY);
    const old = this.kept.filter(({ receivedAt }) =>
      dayOf(receivedAt) < dayOf(epochMicros(time))
    );
    for (const entry of old) this.kept.splice(this.kept.indexOf(entry), 1);
    return Promise.resolve(
      new Set(old.map(({ receivedAt }) => dayOf(receivedAt))).size,
    );
  }
}
