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

const DIVISIONS: Suite = {
  name: "divisions on PGlite",
  args: ["--filter=/goes to where/", "tests/db/layout_store_test.ts"],
};
const FEEDS_DIVIDED: Suite = {
  name: "feeds whose partitions are divided",
  args: ["pipeline/feeds/division_test.ts"],
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: "split",
    meaning: "the position moves in a transaction of its own",
    patches: [{
      file: "db/aggregate_store.ts",
      find: `    const results = await this.lease.learn(() =>
      this.db.batch(statements, { keepPlans: true })
    );
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
      find: "if (acked && feed.hasApplied(entry)) return;",
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
  {
    name: "divide-behind",
    meaning: "partitions are divided although more was committed meanwhile",
    patches: [{
      file: "db/layout_store.ts",
      find: "where o.p = d.p and o.position = d.position and o.stream = $3",
      replace: "where o.p = d.p and d.position is not null and o.stream = $3",
    }],
    suite: DIVISIONS,
  },
  {
    name: "divide-recount",
    meaning: "a part does not know which numbers were in before it",
    patches: [{
      file: "db/layout_store.ts",
      find:
        "select part, feed, epoch, delivery, replay, connected, last_seq, 0,",
      replace: "select part, feed, epoch, delivery, replay, connected, 0, 0,",
    }],
    suite: DIVISIONS,
  },
  {
    name: "divide-books",
    meaning: "of parts of one partition, the books follow the rows of one only",
    patches: [{
      file: "db/layout_store.ts",
      find: `    from (
      select whole, feed, epoch, reason, sum(count) as count from counts
      group by whole, feed, epoch, reason
    ) c
`,
      replace: "    from counts c\n",
    }],
    suite: DIVISIONS,
  },
  {
    name: "pin-parent",
    meaning: "a pinned symbol's partition has the numbers of another one",
    patches: [{
      file: "pipeline/domain/partition_map.ts",
      find: "of: pins ? this.of(pins[i]) : hashed[i % hashed.length],",
      replace: "of: hashed[i % hashed.length],",
    }],
    suite: SIMULATION,
  },
  {
    name: "divide-old-streams",
    meaning: "whoever knows of the old streams only may claim a partition",
    patches: [{
      file: "db/partition_state.ts",
      find: "where p = $1::int and stream = $4",
      replace: "where p = $1::int and $4::text is not null",
    }],
    suite: DIVISIONS,
  },
  {
    name: "divide-routes",
    meaning: "lines go on to the partitions of before a division",
    patches: [{
      file: "pipeline/feeds/feed_ingest.ts",
      find: `      this.#routes.clear();
      for (const { routes } of this.#links) routes.length = 0;
`,
      replace: "",
    }],
    suite: SIMULATION,
  },
  {
    name: "divide-ack-early",
    meaning: "what another process has appended since is acked at once",
    patches: [{
      file: "pipeline/feeds/feed_ingest.ts",
      find: `        // Another process may have gone on with it before.
        chains.forEach((chain, p) => this.#knowEarlier(p, chain));
`,
      replace: "",
    }],
    suite: FEEDS_DIVIDED,
  },
  {
    name: "divide-unsettled",
    meaning: "a feed goes on although an old stream has lost lines of it",
    patches: [{
      file: "pipeline/feeds/feed_ingest.ts",
      find: "if (this.#sequenced && !(idle && this.tracker.settled)) {",
      replace: "if (this.#sequenced && !idle) {",
    }],
    suite: FEEDS_DIVIDED,
  },
];

export const SUITES: readonly Suite[] = [
  ...new Set(MUTANTS.map(({ suite }) => suite)),
];
