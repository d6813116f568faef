import type { Target, Visit } from "./attacks.ts";

/**
 * Visits the program while something is done to it, from a thread of its own:
 * what the attackers keep theirs busy with is not the program's slowness.
 */
export async function visitDuring<T>(
  target: Target,
  attack: () => Promise<T>,
): Promise<{ readonly came: T; readonly visit: Visit }> {
  const worker = new Worker(new URL("./visitor_worker.ts", import.meta.url), {
    type: "module",
  });
  try {
    worker.postMessage(target);
    const came = await attack();
    const visit = new Promise<Visit>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
    worker.postMessage("leave");
    return { came, visit: await visit };
  } finally {
    worker.terminate();
  }
}
