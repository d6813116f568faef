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

/** The data folder cannot be made, or not be written, in words for a person. */
export class DataDirUnusableError extends Error {
  override name = "DataDirUnusableError";

  constructor(dir: string, override readonly cause: Error) {
    super(`Cannot use the data folder ${dir} as ${whyUnusable(cause)}`);
  }
}

function whyUnusable(cause: Error): string {
  const { AlreadyExists, NotADirectory, NotCapable, PermissionDenied } =
    Deno.errors;
  if (cause instanceof AlreadyExists || cause instanceof NotADirectory) {
    return "it must be a folder, and a file is there";
  }
  if (cause instanceof PermissionDenied || cause instanceof NotCapable) {
    return "this program must be allowed to write there";
  }
  return `it must be one that can be written: ${cause.message}`;
}

export interface DataDirLock {
  release(): void;
}

/**
 * Makes the data folder, for its owner alone, and holds it until released or
 * until the process ends, however it ends.
 *
 * @throws {DataDirLockedError} If another process holds it.
 * @throws {DataDirUnusableError} If it cannot be made or written.
 */
export async function lockDataDir(
  dir: string,
  now: Date,
): Promise<DataDirLock> {
  const path = join(dir, "lock");
  const file = await openLock(dir, path).catch((error) => {
    throw new DataDirUnusableError(dir, error);
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

async function openLock(dir: string, path: string): Promise<Deno.FsFile> {
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  // PGlite's files can be read by anybody who can enter the folder.
  if (Deno.build.os !== "windows") await Deno.chmod(dir, 0o700);
  return await Deno.open(path, {
    read: true,
    write: true,
    create: true,
    mode: 0o600,
  });
}

async function readHolder(path: string): Promise<LockHolder | null> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch {
    // The holder is about to write it, or the folder is on Windows.
    return null;
  }
}
