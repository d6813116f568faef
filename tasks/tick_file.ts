import { createHash } from "node:crypto";
import { createGunzip } from "node:zlib";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** A file of ticks that cannot be read. */
export class TickFileError extends Error {
  override name = "TickFileError";
}

const READ_BYTES = 262_144;
const GZIP_MAGIC = [0x1f, 0x8b];

/**
 * Says whether a file can be played: plain or gzip, by its first bytes.
 *
 * @throws {TickFileError} If it is missing, a folder, or not readable.
 */
export async function openTickFile(
  path: string,
): Promise<{ readonly path: string; readonly gzip: boolean }> {
  try {
    const stat = await Deno.stat(path);
    if (stat.isDirectory) {
      throw new TickFileError(
        `Cannot read ${path} as it must be a file, got a folder`,
      );
    }
    if (!stat.isFile) {
      // It is read twice: first for its hash, then for its ticks.
      throw new TickFileError(
        `Cannot read ${path} as it must be a file that can be read twice`,
      );
    }
    using file = await Deno.open(path);
    const head = new Uint8Array(2);
    const n = await file.read(head);
    return { path, gzip: n === 2 && GZIP_MAGIC.every((b, i) => head[i] === b) };
  } catch (cause) {
    if (cause instanceof TickFileError) throw cause;
    throw new TickFileError(
      `Cannot read ${path}: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

/**
 * The file's bytes from its start, unpacked, in pieces.
 *
 * `node:zlib` rather than `DecompressionStream`: a gzip file may be several
 * ones put together, which the latter refuses.
 *
 * @throws {TickFileError} If reading or unpacking fails, as with a gzip file
 * that was cut short.
 */
export async function* readTickFile(
  { path, gzip }: { readonly path: string; readonly gzip: boolean },
): AsyncGenerator<Uint8Array> {
  try {
    if (gzip) yield* unpack(path);
    else yield* readBytes(path);
  } catch (cause) {
    throw new TickFileError(
      `Cannot read ${path}: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

async function* readBytes(path: string): AsyncGenerator<Uint8Array> {
  using file = await Deno.open(path);
  for (;;) {
    const into = new Uint8Array(READ_BYTES);
    const n = await file.read(into);
    if (n === null) return;
    yield into.subarray(0, n);
  }
}

async function* unpack(path: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  // A failure destroys the stream, so it is thrown where it is read below.
  pipeline(Readable.from(readBytes(path)), gunzip).catch(() => {});
  yield* gunzip;
}

/** Enough of a file to tell how long its lines are. */
const SAMPLE_BYTES = 1_048_576;

/**
 * The SHA-256 of what a file says, unpacked, in hex: the same for a file and
 * its gzip. With it how many bytes these are, and about how many lines, as its
 * first megabyte has them.
 *
 * @throws {TickFileError} As `readTickFile` does.
 */
export async function hashTickFile(
  file: { readonly path: string; readonly gzip: boolean },
  signal: AbortSignal,
): Promise<
  { readonly sha256: string; readonly bytes: number; readonly lines: number }
> {
  const hash = createHash("sha256");
  let [bytes, sampled, lines] = [0, 0, 0];
  for await (const piece of readTickFile(file)) {
    if (signal.aborted) break;
    hash.update(piece);
    bytes += piece.length;
    if (sampled >= SAMPLE_BYTES) continue;
    sampled = bytes;
    for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) {
      lines++;
    }
  }
  return {
    sha256: hash.digest("hex"),
    bytes,
    lines: sampled === 0 ? 0 : Math.round(lines * bytes / sampled),
  };
}
