import { connectPglite, warehouseIn } from "./connect_pglite.ts";
import type { EmbeddedDb } from "./db.ts";
import { type DataDirLock, lockDataDir } from "./lock_data_dir.ts";

/** A data folder that is held, and its warehouse, which is being opened. */
export interface OpenedAhead {
  readonly lock: DataDirLock;
  readonly warehouse: Promise<EmbeddedDb>;
}

/**
 * Begins to open the embedded warehouse of a data folder, for `openStores()` to
 * take over: on a thread of its own, which needs as long as the rest of the
 * program takes to load. `null` if there is none yet, and nothing is made.
 *
 * It imports little, so that it can be called early.
 *
 * @throws {DataDirLockedError} If another process works in the folder.
 * @throws {DataDirUnusableError} If the folder cannot be written.
 */
export async function openAhead(
  dataDir: string,
  now: Date,
): Promise<OpenedAhead | null> {
  const folder = warehouseIn(dataDir);
  const there = await Deno.lstat(folder).then(() => true, () => false);
  if (!there) return null;
  const lock = await lockDataDir(dataDir, now);
  const warehouse = connectPglite(folder);
  // Whoever takes it over hears of a failure.
  warehouse.catch(() => {});
  return { lock, warehouse };
}
