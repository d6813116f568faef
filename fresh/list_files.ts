/**
 * The regular files below a folder, as sorted paths relative to it.
 *
 * Symbolic links are left out, so nothing outside is reached. A folder that is
 * not there has no files.
 */
export async function listFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  await visit(folder, "", found);
  return found.sort();
}

async function visit(
  folder: string,
  prefix: string,
  found: string[],
): Promise<void> {
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.name.startsWith(".")) continue;
      const path = prefix + entry.name;
      if (entry.isFile) found.push(path);
      if (entry.isDirectory) {
        await visit(`${folder}/${entry.name}`, path + "/", found);
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
