import { bundleModules } from "./bundle_modules.ts";

const ROOT = new URL("../../", import.meta.url);

/** Modules of ours on a page of their own, on this machine. */
export interface ChartPage {
  /** As in `http://127.0.0.1:41233/`. */
  readonly url: string;
  close(): Promise<void>;
}

const PAGE =
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>chart</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/chart.css">
<style>html,body{margin:0;height:100%;color-scheme:light dark}
#host{height:100vh}</style><div id="host"></div>`;

/**
 * Serves an empty page with `static/chart.css`, and each module bundled for
 * the browser as `/<name>.js` and on a page of its own at `/<name>`. Paths are
 * relative to the project.
 */
export async function serveChartPage(
  modules: Readonly<Record<string, string>>,
): Promise<ChartPage> {
  const files = new Map<string, { body: BodyInit; type: string }>();
  for (const [name, bytes] of Object.entries(await bundleModules(modules))) {
    files.set(`/${name}`, { body: bytes, type: "text/javascript" });
  }
  const css = await Deno.readTextFile(new URL("static/chart.css", ROOT));
  files.set("/chart.css", { body: css, type: "text/css" });
  for (const name of ["", ...Object.keys(modules)]) {
    const script = name && `<script type="module" src="/${name}.js"></script>`;
    files.set(`/${name}`, { body: PAGE + script, type: "text/html" });
  }
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
