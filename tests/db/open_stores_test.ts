import assert from "node:assert/strict";
import { join } from "node:path";
import { streamEntry } from "../../pipeline/domain/entry.ts";
import { connectPglite } from "../../db/connect_pglite.ts";
import { DataDirLockedError, lockDataDir } from "../../db/lock_data_dir.ts";
import { isMigrated, loadMigrations, migrate } from "../../db/migrate.ts";
import { MigrationError } from "../../db/schema_steps.ts";
import { openAhead, type OpenedAhead } from "../../db/open_ahead.ts";
import { openStores } from "../../db/open_stores.ts";
import {
  bucketOf,
  deltaOf,
  NOW,
  onlyCandle,
  StillClock,
  Writer,
} from "./testing.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

async function withFolder(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "tickhouse-open-" });
  try {
    await use(join(dir, "data"));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const open = (
  dataDir: string,
  partitions = 1,
  ahead?: Promise<OpenedAhead | null>,
) =>
  openStores({
    dataDir,
    partitions,
    ahead,
    clock: new StillClock(NOW),
    log: silentLog,
    bucketOf,
  });

Deno.test("openStores() goes on where it was", () =>
  withFolder(async (dir) => {
    const first = await open(dir);
    const incarnation = await first.buffer.incarnation(0);
    await first.buffer.append({
      p: 0,
      key: { feed: "", epoch: 0 },
      expectLast: 0,
      newLast: 0,
      entry: streamEntry({ kind: "mark", receivedAt: NOW }),
    });
    const writer = await Writer.claim(first, 0);
    await writer.commit({
      deltas: [deltaOf("A", { ts: NOW, price: 100, size: 1, seq: 1 })],
    });
    await first.vacuum();
    await first.aggregate.checkpoint();
    await first.close();

    const second = await open(dir);
    assert.equal(await second.buffer.incarnation(0), incarnation);
    assert.equal(await second.buffer.newest(0), "1-0");
    // Another owner, at once: the lock says that the first one is gone.
    const state = await second.aggregate.claim(0, "another");
    assert.equal(state?.position, "1-0");
    assert.equal((await onlyCandle(second, "A"))?.n, 1);
    assert.equal((await second.audit.audit()).balanced, true);
    await second.close();
    await assert.rejects(second.audit.ping(), { name: "DbError" });

    // The number is of the first start.
    const third = await open(dir, 2);
    assert.equal(third.layout.partitions, second.layout.partitions);
    await third.close();
  }));

Deno.test("openStores() keeps others out of the folder", () =>
  withFolder(async (dir) => {
    const stores = await open(dir);
    await assert.rejects(open(dir), (error: unknown) => {
      assert(error instanceof DataDirLockedError);
      assert.equal(error.holder?.pid, Deno.pid);
      assert.match(error.message, new RegExp(`process ${Deno.pid} `));
      return true;
    });
    const { mode } = await Deno.stat(dir);
    assert.equal(mode! & 0o777, 0o700);
    await stores.close();
  }));

Deno.test("openStores() takes over what openAhead() has begun", () =>
  withFolder(async (dir) => {
    const now = new Date();
    // Before the first start there is nothing to open, nor is it made.
    assert.equal(await openAhead(dir, now), null);
    await assert.rejects(Deno.stat(dir), Deno.errors.NotFound);
    await (await open(dir)).close();

    const ahead = openAhead(dir, now);
    assert.notEqual(await ahead, null);
    await assert.rejects(openAhead(dir, now), DataDirLockedError);
    const stores = await open(dir, 1, ahead);
    assert.equal((await stores.audit.audit()).balanced, true);
    await stores.close();
    (await lockDataDir(dir, now)).release();
  }));

Deno.test("openStores() fails as openAhead() did", () =>
  withFolder(async (dir) => {
    const stores = await open(dir);
    const ahead = openAhead(dir, new Date());
    await assert.rejects(open(dir, 1, ahead), DataDirLockedError);
    await stores.close();
    await Deno.writeTextFile(join(dir, "warehouse", "PG_VERSION"), "none");
    await assert.rejects(open(dir, 1, openAhead(dir, new Date())), {
      name: "DbError",
    });
    (await lockDataDir(dir, new Date())).release();
  }));

Deno.test("lockDataDir() is free again once it was released", () =>
  withFolder(async (dir) => {
    const first = await lockDataDir(dir, new Date());
    await assert.rejects(lockDataDir(dir, new Date()), DataDirLockedError);
    first.release();
    (await lockDataDir(dir, new Date())).release();
  }));

Deno.test("lockDataDir() is free again when its holder was killed", () =>
  withFolder(async (dir) => {
    const module = new URL("../../db/lock_data_dir.ts", import.meta.url).href;
    const code = `import { lockDataDir } from ${JSON.stringify(module)};
      await lockDataDir(${JSON.stringify(dir)}, new Date());
      console.log("held");
      setInterval(() => {}, 1_000);`;
    const holder = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        `--allow-read=${dir}`,
        `--allow-write=${dir}`,
        `data:text/typescript,${encodeURIComponent(code)}`,
      ],
      stdout: "piped",
    }).spawn();
    const reader = holder.stdout.getReader();
    await reader.read();
    await assert.rejects(lockDataDir(dir, new Date()), (error: unknown) => {
      assert(error instanceof DataDirLockedError);
      assert.equal(error.holder?.pid, holder.pid);
      return true;
    });
    holder.kill("SIGKILL");
    await holder.status;
    await reader.cancel();
    (await lockDataDir(dir, new Date())).release();
  }));

Deno.test("openStores() starts over what a killed first start left", () =>
  withFolder(async (dir) => {
    await Deno.mkdir(join(dir, "warehouse.new", "base"), { recursive: true });
    await Deno.writeTextFile(join(dir, "warehouse.new", "PG_VERSION"), "1");
    await (await open(dir)).close();
    const names = [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["buffer.sqlite", "lock", "warehouse"]);
  }));

Deno.test("the prepared cluster is the one that this PGlite would make", () =>
  withFolder(async (dir) => {
    const { PGlite } = await import("@electric-sql/pglite");
    const own = await PGlite.create();
    const ours = await connectPglite(dir);
    const facts = `select p.catalog_version_no::int as catalog,
        (select md5(string_agg(concat(oid, proname, prosrc), ','
          order by oid)) from pg_proc) as functions,
        (select md5(string_agg(concat(oid, oprname, oprcode), ','
          order by oid)) from pg_operator) as operators
      from pg_control_system() p`;
    assert.deepEqual(await ours.query(facts), (await own.query(facts)).rows);
    await own.close();

    // The steps of the schema, on the same database.
    const migrations = await loadMigrations();
    assert.equal(await isMigrated(ours, migrations), false);
    await migrate(ours, migrations.slice(0, -1));
    assert.equal(await isMigrated(ours, migrations), false);
    await migrate(ours, migrations);
    await migrate(ours, migrations);
    assert.equal(await isMigrated(ours, migrations), true);
    assert.equal(await isMigrated(ours, migrations.slice(1)), false);
    await assert.rejects(migrate(ours, migrations.slice(1)), MigrationError);
    const broken = {
      name: "9999_broken.sql",
      sql: "create table x (); select 1 / 0;",
    };
    await assert.rejects(migrate(ours, [...migrations, broken]));
    assert.deepEqual(
      await ours.query("select to_regclass('x') is null as gone"),
      [{ gone: true }],
    );
    await ours.close();
  }));
