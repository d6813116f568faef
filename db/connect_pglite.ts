import { join } from "node:path";
import { DbError, type EmbeddedDb, type Param, type Row } from "./db.ts";
import type {
  PgliteCall,
  PgliteReply,
  PgliteRequest,
  PgliteReturned,
} from "./pglite_protocol.ts";

interface Waiting {
  readonly resolve: (value: PgliteReturned) => void;
  readonly reject: (error: DbError) => void;
}

/** Where a data folder has its warehouse. */
export function warehouseIn(dataDir: string): string {
  return join(dataDir, "warehouse");
}

/**
 * Opens the embedded PostgreSQL of a folder, or makes it, in a Worker.
 *
 * Nothing keeps a second process out of the folder: hold the lock of
 * `lockDataDir` around it.
 *
 * @throws {DbError} If the folder holds no cluster that it can open.
 */
export async function connectPglite(dir: string): Promise<EmbeddedDb> {
  const worker = new Worker(new URL("./pglite_worker.ts", import.meta.url), {
    type: "module",
    name: "warehouse",
  });
  const calls = new Map<number, Waiting>();
  let nextCall = 1;
  let closed: Promise<void> | null = null;
  let failure: DbError | null = null;

  const failAll = (error: DbError) => {
    failure ??= error;
    for (const { reject } of calls.values()) reject(error);
    calls.clear();
  };
  worker.onmessage = ({ data }: MessageEvent<PgliteReply>) => {
    const waiting = calls.get(data.id);
    calls.delete(data.id);
    if ("failed" in data) {
      const { message, code } = data.failed;
      waiting?.reject(new DbError(`The warehouse failed: ${message}`, code));
    } else waiting?.resolve(data.returned);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    failAll(
      new DbError("The warehouse's worker failed", null, {
        cause: event.error ?? event.message,
      }),
    );
  };

  const post = (request: PgliteRequest): Promise<PgliteReturned> =>
    new Promise((resolve, reject) => {
      if (failure) return reject(failure);
      const id = nextCall++;
      calls.set(id, { resolve, reject });
      worker.postMessage({ id, request } satisfies PgliteCall);
    });
  const call = (request: PgliteRequest): Promise<PgliteReturned> =>
    closed
      ? Promise.reject(new DbError("The warehouse is closed", null))
      : post(request);

  const end = async () => {
    try {
      await post({ kind: "close" });
    } finally {
      worker.terminate();
      failAll(new DbError("The warehouse is closed", null));
    }
  };

  try {
    await post({ kind: "open", dir });
  } catch (cause) {
    worker.terminate();
    throw new DbError(`Cannot open the warehouse in ${dir}`, null, { cause });
  }

  return {
    query: async <R extends Row>(sql: string, params: readonly Param[] = []) =>
      await call({ kind: "query", sql, params }) as readonly R[],
    batch: async (statements, options) =>
      await call({ kind: "batch", statements, options }) as
        | readonly (readonly Row[])[]
        | null,
    script: async (sql) => void await call({ kind: "script", sql }),
    sync: async () => void await call({ kind: "sync" }),
    close: () => closed ??= end(),
  };
}
