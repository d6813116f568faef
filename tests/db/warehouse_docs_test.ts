/**
 * The SQL that analysts are given: every query of docs/warehouse.md and of the
 * Grafana board, as the role that only reads.
 */
import assert from "node:assert/strict";
import { CandleMonths } from "../../db/candle_months.ts";
import { connectPg } from "../../db/connect_pg.ts";
import { connectPglite } from "../../db/connect_pglite.ts";
import type { Db } from "../../db/db.ts";
import { loadMigrations, migrate } from "../../db/migrate.ts";
import {
  epochMicros,
  fromMillis,
  MICROS_PER_DAY,
} from "../../pipeline/domain/time.ts";
import { metricsText } from "../../web/metrics.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { fakeSystem } from "../web/fake_system.ts";

const read = (path: string) =>
  Deno.readTextFile(new URL(`../../docs/${path}`, import.meta.url));

const docs = await read("warehouse.md");
const [, role, ...queries] = docs.split("```sql\n").map((part, i) =>
  i === 0 ? part : part.split("```")[0]
);

interface DocumentedWarehouse {
  readonly db: Db;
  readonly close: () => Promise<void>;
}

/** The embedded one, as the role that only reads. */
async function onPglite(): Promise<DocumentedWarehouse> {
  const dir = await Deno.makeTempDir({ prefix: "tickhouse-docs-" });
  const db = await connectPglite(`${dir}/warehouse`);
  await fill(db);
  await db.script("set role tickhouse_reader");
  return {
    db,
    async close() {
      await db.close();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

/** One on a server, with the login that the documentation makes. */
async function onPostgres(): Promise<DocumentedWarehouse> {
  const postgres = await startPostgres();
  try {
    const url = new URL(await postgres.createDatabase());
    const owner = connectPg({ url: url.href });
    await fill(owner).finally(() => owner.close());
    url.username = "tickhouse_reader";
    url.password = "CHANGE-ME";
    const db = connectPg({ url: url.href });
    return {
      db,
      async close() {
        await db.close();
        await postgres.close();
      },
    };
  } catch (error) {
    await postgres.close();
    throw error;
  }
}

/** A few days of two instruments, with something of every fact. */
async function fill(db: Db): Promise<void> {
  await migrate(db, await loadMigrations());
  const now = fromMillis(Date.now());
  await new CandleMonths(db).ensure([
    now,
    epochMicros(now - 3 * MICROS_PER_DAY),
  ]);
  await db.script(SEED);
  await db.script(role);
}

const SEED = `
insert into instruments (symbol, p, name, exchange, type, currency, price_scale,
  size_scale, tick_size, lot_size, calendar, cost_bps, auto)
select symbol, 0, symbol, 'NSE', 'index', 'INR', 2, 0, 0.05, 1, 'NSE', 2, false
from unnest(array['NIFTY50', 'USDINR']) symbol;

insert into candles (instrument_id, interval, t, end_t, open, high, low, close,
  volume, notional, n, closed, complete, coverage_ms, rev, origin, known_from,
  updated_at)
select i.id, s.name, t, t + s.length, 100 + x, 102 + x, 99 + x, 101 + x, 5, 505,
  3, true, true, 60000, (x = 3)::int, 'ticks', t + s.length, t + s.length
from instruments i,
  (values ('1m', interval '1 minute', 400), ('5m', interval '5 minutes', 80),
    ('1h', interval '1 hour', 24), ('1d', interval '1 day', 2))
    s (name, length, n),
  lateral (
    select date_bin(s.length, now(), 'epoch') - k * s.length as t, k % 7 as x
    from generate_series(1, s.n) k where k not between 50 and 60
  ) c;

insert into candle_revisions (instrument_id, interval, t, rev, end_t, open, high,
  low, close, volume, n, complete, coverage_ms, origin, known_from, known_to)
select instrument_id, interval, t, 0, end_t, open, high, low, close, volume, 2,
  complete, coverage_ms, origin, end_t, end_t + interval '1 minute'
from candles where rev = 1;
`;

async function testDocumentation(
  t: Deno.TestContext,
  { db, close }: DocumentedWarehouse,
): Promise<void> {
  try {
    await t.step("every question has a query that runs", async () => {
      const questions = docs.match(/^### .+$/gm)!;
      assert.equal(queries.length, questions.length);
      assert.ok(queries.length > 12);
      const empty: string[] = [];
      for (const [i, query] of queries.entries()) {
        const rows = await db.query(query).catch((error) => {
          throw new Error(`${questions[i]}: ${error.message}`);
        });
        if (rows.length === 0) empty.push(questions[i]);
      }
      // What no forecaster and no feed has filled here.
      const facts =
        /v_(forecasts|model_scores|signals|signal_outcomes|feeds|gaps\n|quarantine)/;
      for (const question of empty) {
        assert.match(queries[questions.indexOf(question)], facts, question);
      }
    });

    await t.step(
      "every view is documented, and every one that is exists",
      async () => {
        const views = await db.query<{ name: string }>(
          `select viewname as name from pg_views
          where schemaname = 'public' and viewname like 'v\\_%' order by 1`,
        );
        const named = new Set(docs.match(/\bv_\w+/g));
        for (const { name } of views) {
          const ofInterval = /^v_candles_\d/.test(name);
          assert.ok(named.has(name) || ofInterval, name);
        }
        const known = views.map(({ name }) => name);
        for (const name of named) assert.ok(known.includes(name), name);
      },
    );

    await t.step(
      "the role reads views, and neither reads nor writes tables",
      async () => {
        await db.query("select * from v_candles limit 1");
        for (
          const statement of [
            "select * from candles limit 1",
            "select * from quarantine limit 1",
            "insert into v_instruments (symbol) values ('X')",
            "delete from candles",
            "create table mine (a int)",
          ]
        ) {
          await assert.rejects(
            db.query(statement),
            /permission denied|cannot insert|read-only/,
            statement,
          );
        }
        const [{ config }] = await db.query<{ config: string }>(
          `select array_to_string(rolconfig, ' ') as config from pg_roles
          where rolname = 'tickhouse_reader'`,
        );
        assert.match(config, /default_transaction_read_only=on/);
        assert.match(config, /statement_timeout=30s/);
      },
    );

    await t.step("every query of the market's board runs", async () => {
      const board = JSON.parse(await read("grafana/market.json"));
      const sql: string[] = [
        ...board.panels.flatMap((
          { targets }: { targets: { rawSql: string }[] },
        ) => targets.map(({ rawSql }) => rawSql)),
        ...board.templating.list.filter(({ type }: { type: string }) =>
          type === "query"
        ).map(({ query }: { query: string }) => query),
      ];
      assert.ok(sql.length > 8);
      for (const text of sql) {
        await db.query(withoutMacros(text)).catch((error) => {
          throw new Error(`${error.message}: ${text}`);
        });
      }
      const candles = await db.query(withoutMacros(sql[0]));
      assert.ok(candles.length > 10, `${candles.length} candles are drawn`);
    });
  } finally {
    await close();
  }
}

Deno.test("the warehouse's documentation", async (t) =>
  await testDocumentation(t, await onPglite()));

serverTest(
  "the warehouse's documentation, on PostgreSQL",
  { PostgreSQL: findPostgres },
  async (t) => await testDocumentation(t, await onPostgres()),
);

/** What Grafana's data source for PostgreSQL makes of its macros. */
function withoutMacros(sql: string): string {
  const at = (back: string) => `(now() - interval '${back}')`;
  const text = sql
    .replaceAll("${symbol:sqlstring}", "'NIFTY50'")
    .replaceAll("${interval:sqlstring}", "'5m'")
    .replace(
      /\$__timeFilter\((\w+)\)/g,
      (_, column) => `${column} between ${at("6 hours")} and ${at("0")}`,
    )
    .replace(
      /\$__timeGroup\((\w+), '(\d+)m'\)/g,
      (_, column, minutes) =>
        `floor(extract(epoch from ${column}) / ${minutes * 60}) * ${
          minutes * 60
        }`,
    )
    .replaceAll("$__timeFrom()", at("6 hours"))
    .replaceAll("$__timeTo()", at("0"));
  assert.doesNotMatch(text, /\$/, "a macro that this test does not know");
  return text;
}

Deno.test("the operations' board asks for metrics and labels that there are", async () => {
  const board = JSON.parse(await read("grafana/operations.json"));
  const wait = { n: 1, p50: 1, p99: 2, max: 3 };
  const told = metricsText(fakeSystem(Date.now(), {
    waits: {
      tick_to_buffered: wait,
      buffered_to_committed: wait,
      tick_to_committed: wait,
      committed_to_browser: wait,
    },
    clock: { ahead_ms: 0 },
  }));
  const labels = new Map<string, Set<string>>();
  for (
    const [, name, text = ""] of told.matchAll(
      /^(tickhouse_\w+)(?:\{(.*)\})? /gm,
    )
  ) {
    const known = labels.get(name) ?? new Set(["instance"]);
    for (const [, label] of text.matchAll(/(\w+)="/g)) known.add(label);
    labels.set(name, known);
  }
  const asked: string[] = board.panels.flatMap((
    { targets }: { targets: { expr: string }[] },
  ) => targets.map(({ expr }) => expr));
  assert.ok(asked.length > 20);
  for (const expr of asked) {
    const names = expr.match(/tickhouse_\w+/g) ?? [];
    assert.ok(names.length > 0, expr);
    for (const name of names) {
      const known = labels.get(name);
      assert.ok(known !== undefined, `${name} is no metric`);
      for (const [, list] of expr.matchAll(/by \(([^)]*)\)/g)) {
        for (const label of list.split(", ")) {
          assert.ok(known.has(label), `${name} has no label ${label}`);
        }
      }
      for (const [, label] of expr.matchAll(/[{,](\w+)=/g)) {
        assert.ok(known.has(label), `${name} has no label ${label}`);
      }
    }
    const count = (sign: string) => expr.split(sign).length;
    assert.equal(count("("), count(")"), expr);
  }
});
