import { join } from "node:path";

/** Who holds a data folder. */
export interface LockHolder {
  readonly pid: number;
  /** ISO 8601. */
  readonly since: string;
}

/** Exit status of a program whose data folder is in use; BSD's `EX_CANTCREAT`. */
export const EXIT_DATA_DIR_LOCKED = 73;

/** Another process works in the data folder; two would lose commits. */
export class DataDirLockedError extends Error {
  override name = "DataDirLockedError";

  constructor(readonly dir: string, readonly holder: LockHolder | null) {
    super(
      `Cannot use the data folder ${dir} as ${
        holder
          ? `process ${holder.pid} uses it since ${holder.since}`
          : "another process uses it"
      }`,
    );
  }
}

export interface DataDirLock {
  release(): void;
}

/**
 * Makes the data folder, for its owner alone, and holds it until released or
 * until the process ends, however it ends.
 *
 * @throws {DataDirLockedError} If another process holds it.
 */
export async function lockDataDir(
  dir: string,
  now: Date,
): Promise<DataDirLock> {
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  // PGlite's files can be read by anybody who can enter the folder.
  if (Deno.build.os !== "windows") await Deno.chmod(dir, 0o700);
  const path = join(dir, "lock");
  const file = await Deno.open(path, {
    read: true,
    write: true,
    create: true,
    mode: 0o600,
  });
  if (!await file.tryLock(true)) {
    file.close();
    throw new DataDirLockedError(dir, await readHolder(path));
  }
  const holder: LockHolder = { pid: Deno.pid, since: now.toISOString() };
  await file.truncate();
  await file.write(new TextEncoder().encode(JSON.stringify(holder)));
  return {
    release() {
      file.unlockSync();
      file.close();
    },
  };
}

async function readHolder(path: string): Promise<LockHolder | null> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch {
    // The holder is about to write it, or the folder is on Windows.
    return null;
  }
}
