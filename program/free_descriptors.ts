/** Files that the stores and threads come to open after the count, with room. */
const STORES = 288;
/** Fewer connections than that serve nobody. */
const CONNECTIONS_MIN = 16;

/**
 * How many files and sockets this process may open beside those that it has,
 * counted up to `most` by opening a file as often: the system's bound itself is
 * not for us to read.
 */
export function freeDescriptors(file: URL, most: number): number {
  const opened: Deno.FsFile[] = [];
  try {
    while (opened.length < most) opened.push(Deno.openSync(file));
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code !== "EMFILE" && code !== "ENFILE") throw error;
  } finally {
    for (const one of opened) one.close();
  }
  return opened.length;
}

/** Descriptors that connections of pages, feeds and stores may take together. */
export function descriptorsWanted(
  connections: number,
  feeds: number,
): number {
  return connections + feeds + STORES;
}

/**
 * Connections of pages that leave the feeds and the stores what they need. A
 * server that runs out of descriptors takes no connection ever again, and a
 * store that does cannot open its files.
 */
export function connectionsThatFit(
  connections: number,
  feeds: number,
  free: number,
): number {
  const room = Math.max(CONNECTIONS_MIN, free - feeds - STORES);
  return Math.min(connections, room);
}
