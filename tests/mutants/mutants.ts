/** A change of the source that text search can make: it must be found once. */
export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Tests that notice something, and the quickest way to run them. */
export interface Suite {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A guarantee taken out of the program, and the suite that must notice. */
export interface Mutant {
  readonly name: string;
  readonly meaning: string;
  readonly patches: readonly Patch[];
  readonly suite: Suite;
}

const SIMULATION: Suite = {
  name: "simulation",
  args: ["--filter=whatever fails", "tests/dst/dst_test.ts"],
  env: { DST_SEEDS: "600" },
};
const COMMITS: Suite = {
  name: "commits on PGlite",
  args: [
    "--filter=/is refused|half way|close the warehouse/",
    "tests/db/commit_test.ts",
  ],
};
const REDIS: Suite = {
  name: "Redis keeps its entries",
  args: ["tests/buffer/redis_retention_test.ts"],
};
const LOSSES: Suite = {
  name: "losses of the buffer",
  args: ["pipeline/feeds/buffer_loss_test.ts"],
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: "split",
    meaning: "the position moves in a transaction of its own",
    patches: [{
      file: "db/aggregate_store.ts",
      find:
        `    const results = await this.lease.learn(() => this.db.batch(statements));
    if (results === null) return { kind: "fenced" };
    const rowsOf =`,
      replace: `    const moved = await this.db.batch(statements.slice(0, 1));
    if (moved === null) return { kind: "fenced" };
    const rest = await this.db.batch(statements.slice(1));
    const results = [...moved, ...rest!];
    const rowsOf =`,
    }],
    suite: COMMITS,
  },
  {
    name: "nofence",
    meaning: "a commit does not ask whose the lease is",
    patches: [{
      file: "db/commit_sql.ts",
      find: "where p = $1::int and lease_epoch = $2::int8 and position = $3",
      replace: "where p = $1::int and $2::int8 is not null and position = $3",
    }],
    suite: COMMITS,
  },
  {
    name: "nodedupe",
    meaning: "a tick that was applied before is applied again",
    patches: [{
      file: "pipeline/candles/candle_book.ts",
      find: "appliedSeq: acked ? feed.totals.lastSeq : -Infinity",
      replace: "appliedSeq: -Infinity",
    }, {
      file: "pipeline/candles/candle_book.ts",
      find: "if (acked && appliedBefore(entry, feed.totals.lastSeq)) return;",
      replace: "",
    }],
    suite: SIMULATION,
  },
  {
    name: "nodedupe-ingest",
    meaning: "what another writer has appended is appended again",
    patches: [{
      file: "pipeline/feeds/chain_writer.ts",
      find: "dropAppended(draft, expectLast);",
      replace: "",
    }],
    suite: LOSSES,
  },
  {
    name: "trim-early",
    meaning: "entries are forgotten by their age alone",
    patches: [{
      file: "pipeline/candles/run_aggregator.ts",
      find: "return compareEntryIds(position, old) < 0 ? position : old;",
      replace: "return old;",
    }],
    suite: SIMULATION,
  },
  {
    name: "ack-early",
    meaning: "what is in the buffer is acked",
    patches: [{
      file: "pipeline/feeds/ack_tracker.ts",
      find: "return this.#below(() => true);",
      replace: "return this.buffered;",
    }],
    suite: SIMULATION,
  },
  {
    name: "maxlen",
    meaning: "Redis forgets entries by their number",
    patches: [{
      file: "pipeline/buffer/redis_scripts.ts",
      find: "redis.call('XADD', KEYS[3], id,",
      replace: "redis.call('XADD', KEYS[3], 'MAXLEN', '10000', id,",
    }],
    suite: REDIS,
  },
  {
    name: "no-incarnation",
    meaning: "a stream that was begun anew is read from the old position on",
    patches: [{
      file: "pipeline/candles/run_aggregator.ts",
      find: "const readFrom = sameStream ? state.position : BEFORE_FIRST;",
      replace: "const readFrom = state.position;",
    }],
    suite: SIMULATION,
  },
];

export const SUITES: readonly Suite[] = [
  ...new Set(MUTANTS.map(({ suite }) => suite)),
];
