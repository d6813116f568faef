import type { BundleReply, BundleRequest } from "../../fresh/bundle_worker.ts";

const ROOT = new URL("../../", import.meta.url);
const BUNDLE_MS_MAX = 120_000;

/**
 * Modules of the project as the pages get them, bundled for a browser.
 *
 * @param modules Paths relative to the project, by the name of their bundle.
 */
export async function bundleModules(
  modules: Readonly<Record<string, string>>,
): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const worker = new Worker(
    new URL("fresh/bundle_worker.ts", ROOT),
    { type: "module" },
  );
  const path = (name: string) =>
    decodeURIComponent(new URL(name, ROOT).pathname);
  const request: BundleRequest = {
    entries: Object.fromEntries(
      Object.entries(modules).map(([name, file]) => [`${name}.js`, path(file)]),
    ),
    root: path("./"),
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const reply = await new Promise<BundleReply>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      timer = setTimeout(
        () => reject(new Error(`No bundle after ${BUNDLE_MS_MAX} ms`)),
        BUNDLE_MS_MAX,
      );
      worker.postMessage(request);
    });
    if (reply.kind === "failed") throw new Error(reply.reason);
    return reply.files;
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}
