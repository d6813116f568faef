/// <reference lib="deno.worker" />
import type { PGlite } from "@electric-sql/pglite";
import type {
  PgliteCall,
  PgliteReply,
  PgliteRequest,
  PgliteReturned,
} from "./pglite_protocol.ts";
import { PgliteSession } from "./pglite_session.ts";
import { syncFolder } from "./sync_folder.ts";
import { untar } from "./untar.ts";

/**
 * Settings of ours: the memory and the files of a warehouse on one machine,
 * and UTC whatever the template was made in.
 */
const SETTINGS = `
shared_buffers = '64MB'
max_wal_size = '256MB'
min_wal_size = '32MB'
timezone = 'UTC'
log_timezone = 'UTC'
`;

/** Threads of the engine compile it while this one loads what runs it. */
const compiling = WebAssembly.compile(
  Deno.readFileSync(
    new URL("./pglite.wasm", import.meta.resolve("@electric-sql/pglite")),
  ),
);
const loading = import("@electric-sql/pglite");

let pg: PGlite | null = null;
let session: PgliteSession | null = null;
let folder = "";
let syncedAt = 0;

function database(): PgliteSession {
  if (!session) throw new Error("The database is not open");
  return session;
}

/**
 * Unpacks a prepared cluster beside the folder and renames it, so that a first
 * start that is killed leaves nothing half made.
 */
async function prepare(dir: string): Promise<void> {
  if (await exists(`${dir}/PG_VERSION`)) return;
  const fresh = `${dir}.new`;
  if (await exists(fresh)) await Deno.remove(fresh, { recursive: true });
  const template = await import("@electric-sql/pglite-prepopulatedfs");
  await untar(await template.dataDir(), fresh);
  await Deno.writeTextFile(`${fresh}/postgresql.auto.conf`, SETTINGS);
  await Deno.rename(fresh, dir);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function open(dir: string): Promise<void> {
  await prepare(dir);
  folder = dir;
  const { PGlite } = await loading;
  /**
   * Without a list of the array types that there are: the statement that asks
   * for it takes a tenth of a start. Statements give and take arrays as text.
   */
  class Postgres extends PGlite {
    override _initArrayTypes(): Promise<void> {
      return Promise.resolve();
    }
  }
  pg = new Postgres({ dataDir: dir, pgliteWasmModule: await compiling });
  await pg.waitReady;
  session = new PgliteSession(pg);
}

/** What changed since the last time is written; the rest is there already. */
async function sync(): Promise<void> {
  const startedAt = Date.now();
  await database().script("checkpoint");
  await syncFolder(folder, { changedSince: syncedAt });
  syncedAt = startedAt;
}

async function run(request: PgliteRequest): Promise<PgliteReturned> {
  switch (request.kind) {
    case "open":
      await open(request.dir);
      return null;
    case "query":
      return await database().query(request.sql, request.params);
    case "batch":
      return await database().batch(request.statements, request.options);
    case "script":
      await database().script(request.sql);
      return null;
    case "sync":
      await sync();
      return null;
    case "close":
      await session?.inTurn(async () => await pg?.close());
      session = null;
      return null;
  }
}

self.onmessage = async ({ data }: MessageEvent<PgliteCall>) => {
  let reply: PgliteReply;
  try {
    reply = { id: data.id, returned: await run(data.request) };
  } catch (error) {
    const { message, code } = error as Error & { code?: unknown };
    reply = {
      id: data.id,
      failed: {
        message: String(message ?? error),
        code: typeof code === "string" ? code : null,
      },
    };
  }
  self.postMessage(reply);
};
