import type { Catalog } from "../catalog.ts";
import type { FeedKey } from "../domain/entry.ts";
import type { PartitionLayout } from "../domain/partition_layout.ts";
import {
  type QuarantineId,
  quarantineIdText,
} from "../domain/quarantine_id.ts";
import type {
  Clock,
  QuarantineDesk,
  QuarantinedRow,
  QuarantineStore,
  ReadmitResult,
  TickBuffer,
} from "../ports.ts";
import { planReadmission } from "./plan_readmission.ts";

/** Numbers the readmissions of a partition, apart from any feed's lines. */
export const READMIT_CHAIN: FeedKey = { feed: "$readmit", epoch: 1 };

const POLL_MS = 50;
/** Others may be first so often: then what is left is asked for again. */
const CONFLICTS_MAX = 100;

export interface DeskOptions {
  readonly buffer: TickBuffer;
  readonly store: QuarantineStore;
  readonly catalog: Pick<Catalog, "get" | "refresh">;
  readonly layout: PartitionLayout;
  readonly clock: Clock;
}

interface Wait {
  /** By the steady clock. */
  readonly untilMs: number;
  readonly signal?: AbortSignal;
}

/** Where a partition's chain stands, all of it committed. */
interface Settled {
  /** The last number in the stream; 0 in one that was begun anew. */
  readonly last: number;
  /** The last number in the candles. */
  readonly through: number;
}

/**
 * Takes rows back by entries in their partition's stream, each row once,
 * whoever asks and however often.
 *
 * An entry is made only when all before it on the partition's chain are
 * committed, so that it is made of rows as they are after those; the chain
 * lets one of two that were made at the same time in; and the book skips a
 * number that it has applied, should a stream be lost and begun anew.
 */
export class ReadmissionDesk implements QuarantineDesk {
  constructor(private readonly options: DeskOptions) {}

  async readmit(
    ids: readonly QuarantineId[],
    { waitMs, signal }: {
      readonly waitMs: number;
      readonly signal?: AbortSignal;
    },
  ): Promise<ReadmitResult> {
    const { clock, catalog } = this.options;
    // Another process may have registered or widened what was refused here.
    await catalog.refresh();
    const untilMs = clock.steadyMs() + waitMs;
    const once = new Map(ids.map((id) => [quarantineIdText(id), id]));
    const results: ReadmitResult[] = [];
    for (const [p, group] of Map.groupBy(once.values(), ({ p }) => p)) {
      results.push(await this.#readmitIn(p, group, { untilMs, signal }));
    }
    return {
      readmitted: results.flatMap(({ readmitted }) => readmitted),
      refused: results.flatMap(({ refused }) => refused),
      pending: results.flatMap(({ pending }) => pending),
    };
  }

  async #readmitIn(
    p: number,
    wanted: readonly QuarantineId[],
    wait: Wait,
  ): Promise<ReadmitResult> {
    const { store, catalog, layout, clock } = this.options;
    const { now: division } = layout;
    const buffer = this.options.buffer.pinned?.() ?? this.options.buffer;
    if (p >= division.partitions) {
      return { ...NOTHING, refused: wanted.map(notThere) };
    }
    /** Rows that entries of ours have. */
    const sent = new Set<string>();
    for (let conflicts = 0;; conflicts++) {
      if (conflicts > 0) await clock.sleep(POLL_MS, wait.signal);
      const settled = conflicts < CONFLICTS_MAX
        ? await this.#settled(p, buffer, wait)
        : null;
      // Read after the chain: as they are after all that is on it.
      const rows = await store.get(wanted);
      const plan = planReadmission(
        rows.filter(({ id }) => !sent.has(quarantineIdText(id))),
        {
          instrument: (symbol) => catalog.get(symbol),
          division,
          now: clock.now(),
        },
      );
      if (settled === null || plan.next === null) {
        return resultOf(wanted, rows, {
          sent,
          refused: plan.refused,
          settled: settled !== null,
        });
      }
      const n = settled.through + 1;
      const result = await buffer.append({
        p,
        key: READMIT_CHAIN,
        expectLast: settled.last,
        newLast: n,
        entry: plan.next.entry(n, clock.now()),
      });
      // Somebody else was first: what they took is not there any more.
      if (result.kind === "conflict") continue;
      if (result.kind === "sealed") {
        return resultOf(wanted, rows, {
          sent,
          refused: plan.refused,
          settled: false,
        });
      }
      conflicts = -1;
      for (const id of plan.next.rows) sent.add(quarantineIdText(id));
    }
  }

  /** Waits for what is on the chain; `null` if that took too long. */
  async #settled(
    p: number,
    buffer: TickBuffer,
    { untilMs, signal }: Wait,
  ): Promise<Settled | null> {
    const { store, clock } = this.options;
    for (;;) {
      const through = await store.readmittedThrough(p);
      const last = await buffer.lastSeq(p, READMIT_CHAIN);
      if (last <= through) return { last, through };
      if (clock.steadyMs() >= untilMs || signal?.aborted) return null;
      await clock.sleep(POLL_MS, signal);
    }
  }
}

const NOTHING: ReadmitResult = { readmitted: [], refused: [], pending: [] };

function resultOf(
  wanted: readonly QuarantineId[],
  rows: readonly QuarantinedRow[],
  { sent, refused, settled }: {
    readonly sent: ReadonlySet<string>;
    readonly refused: ReadmitResult["refused"];
    readonly settled: boolean;
  },
): ReadmitResult {
  const byText = new Map(rows.map((row) => [quarantineIdText(row.id), row]));
  const why = new Map(
    refused.map((one) => [quarantineIdText(one.id), one]),
  );
  const result = {
    readmitted: [] as QuarantineId[],
    refused: [] as ReadmitResult["refused"][number][],
    pending: [] as QuarantineId[],
  };
  for (const id of wanted) {
    const text = quarantineIdText(id);
    const row = byText.get(text);
    const known = why.get(text);
    if (row === undefined) result.refused.push(notThere(id));
    else if (known !== undefined) result.refused.push(known);
    else if (sent.has(text) && row.readmitted) result.readmitted.push(id);
    else if (!settled) result.pending.push(id);
    else result.refused.push({ id, why: STAYED });
  }
  return result;
}

const STAYED = "its candle could not take it, as the volume of one batch and " +
  "minute must sum up to less than 2^53 of the smallest step";

function notThere(id: QuarantineId): ReadmitResult["refused"][number] {
  return { id, why: "there is no such row" };
}
