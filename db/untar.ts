import { dirname, join, normalize } from "node:path";

const BLOCK = 512;
const decoder = new TextDecoder();

/**
 * Writes the folders and files of a gzipped tar archive into `dir`, which only
 * its owner can enter.
 *
 * Reads what PGlite's archives use: plain files and folders with short names.
 *
 * @throws {Error} If the archive has something else, or a path that leads out.
 */
export async function untar(archive: Blob, dir: string): Promise<void> {
  const unzipped = archive.stream().pipeThrough(
    new DecompressionStream("gzip"),
  );
  const bytes = new Uint8Array(await new Response(unzipped).arrayBuffer());
  const made = new Set<string>();
  const folder = (path: string) => {
    if (made.has(path)) return;
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    made.add(path);
  };
  folder(dir);
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0;) {
    const name = field(bytes, at, 100);
    const size = parseInt(field(bytes, at + 124, 12), 8) || 0;
    const type = String.fromCharCode(bytes[at + 156]);
    const path = pathInside(dir, name);
    if (type === "5") folder(path);
    else if (type === "0" || type === "\0") {
      folder(dirname(path));
      const start = at + BLOCK;
      Deno.writeFileSync(path, bytes.subarray(start, start + size), {
        mode: 0o600,
      });
    } else {
      throw new Error(
        `Cannot unpack ${JSON.stringify(name)} of type ` +
          `${JSON.stringify(type)} as it must be a file or a folder`,
      );
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

function field(bytes: Uint8Array, at: number, length: number): string {
  const raw = bytes.subarray(at, at + length);
  const end = raw.indexOf(0);
  return decoder.decode(end < 0 ? raw : raw.subarray(0, end));
}

function pathInside(dir: string, name: string): string {
  const inside = normalize(`/${name}`);
  if (name.split("/").includes("..")) {
    throw new Error(
      `Cannot unpack ${JSON.stringify(name)} as it must not lead out`,
    );
  }
  return join(dir, inside);
}
