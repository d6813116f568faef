import type { HonestFeedEnd } from "./attacks.ts";

/** A feed with acks in a thread of its own, until it is told to finish. */
export function honestFeed(
  place: string,
): { finish(): Promise<HonestFeedEnd> } {
  const worker = new Worker(
    new URL("./honest_feed_worker.ts", import.meta.url),
    { type: "module" },
  );
  worker.postMessage(place);
  return {
    async finish() {
      try {
        return await new Promise((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
          worker.postMessage(null);
        });
      } finally {
        worker.terminate();
      }
    },
  };
}
