import { lookup } from "mrmime";
import { listFiles } from "./list_files.ts";

export interface StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly etag: string;
}

const TOTAL_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Reads a folder into memory, by the URL paths of its files.
 *
 * A request then names a key of this map or nothing: no URL reaches the file
 * system. `.well-known` and other dotted names are left out.
 */
export async function readStaticFiles(
  folder: string,
): Promise<Map<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  let total = 0;
  for (const path of await listFiles(folder)) {
    const bytes = await Deno.readFile(`${folder}/${path}`);
    total += bytes.length;
    if (total > TOTAL_BYTES_MAX) {
      throw new RangeError(
        `Cannot hold ${folder} as it must be <= ${TOTAL_BYTES_MAX} bytes`,
      );
    }
    files.set("/" + path, await staticFile(path, bytes));
  }
  return files;
}

export async function staticFile(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<StaticFile> {
  const type = lookup(name) ?? "application/octet-stream";
  const isText = /^text\/|javascript$|json$|svg\+xml$/.test(type);
  return {
    bytes,
    contentType: isText ? `${type}; charset=utf-8` : type,
    etag: `W/"${await shortHash(bytes)}"`,
  };
}

/** The first 128 bits of the SHA-256, in hexadecimal. */
export async function shortHash(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest, 0, 16).toHex();
}
