/** What goes between `SqliteBuffer` and its worker. */

export interface AppendRow {
  readonly p: number;
  readonly feed: string;
  readonly epoch: number;
  readonly expectLast: number;
  readonly newLast: number;
  readonly at: number;
  /** The entry's number is above it. */
  readonly floor: number;
  /** Who asks, and its how manyth append; `null` if it did not say. */
  readonly from: { readonly writer: string; readonly n: number } | null;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** `n` of the entry, or where the chain stands if it was refused. */
export type AppendOutcome = { readonly n: number } | { readonly last: number };

export interface ReadRow {
  readonly n: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What the worker can do: of each, what it is given and what it returns. */
export interface Operations {
  open: { given: { path: string }; returned: { incarnation: string } };
  append: { given: { rows: readonly AppendRow[] }; returned: AppendOutcome[] };
  lastSeq: {
    given: { p: number; feed: string; epoch: number };
    returned: number;
  };
  read: {
    given: {
      p: number;
      after: number;
      /** Last number to read; absent reads on to the end. */
      through?: number;
      maxEntries: number;
      maxBytes: number;
    };
    returned: ReadRow[];
  };
  trim: { given: { p: number; through: number }; returned: null };
  newest: { given: { p: number }; returned: number };
  newestBefore: { given: { p: number; time: number }; returned: number };
  stats: {
    given: Record<never, never>;
    returned: { entries: number; bytes: number };
  };
  close: { given: Record<never, never>; returned: null };
}

export type Operation = keyof Operations;

export interface Call<O extends Operation = Operation> {
  readonly id: number;
  readonly operation: O;
  readonly given: Operations[O]["given"];
}

export type Reply =
  | { readonly id: number; readonly returned: unknown }
  | { readonly id: number; readonly failed: string };
