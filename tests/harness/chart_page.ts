import type { BundleReply, BundleRequest } from "../../fresh/bundle_worker.ts";

const ROOT = new URL("../../", import.meta.url);
const BUNDLE_MS_MAX = 120_000;

/** Modules of ours on a page of their own, on this machine. */
export interface ChartPage {
  /** As in `http://127.0.0.1:41233/`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves an empty page with `static/chart.css`, and each module bundled for
 * the browser as `/<name>.js`: paths are relative to the project.
 */
export async function serveChartPage(
  modules: Readonly<Record<string, string>>,
): Promise<ChartPage> {
  const files = new Map<string, { body: BodyInit; type: string }>();
  for (const [name, bytes] of Object.entries(await bundle(modules))) {
    files.set(`/${name}`, { body: bytes, type: "text/javascript" });
  }
  const css = await Deno.readTextFile(new URL("static/chart.css", ROOT));
  files.set("/chart.css", { body: css, type: "text/css" });
  files.set("/", {
    body: `<!doctype html><meta charset="utf-8"><title>chart</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/chart.css">
<style>html,body{margin:0;height:100%;color-scheme:light dark}
#host{height:100vh}</style><div id="host"></div>`,
    type: "text/html",
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      const file = files.get(new URL(request.url).pathname);
      return file
        ? new Response(file.body, { headers: { "content-type": file.type } })
        : new Response(null, { status: 404 });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    close: () => server.shutdown(),
  };
}

async function bundle(modules: Readonly<Record<string, string>>) {
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
