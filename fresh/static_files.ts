import { buildId, CACHE_KEY } from "./build_id.ts";
import { islandBundle } from "./bundle.ts";
import type { Context } from "./context.ts";
import type { Middleware } from "./handlers.ts";
import { loadProject } from "./project.ts";
import { scriptFolder } from "./render_page.ts";
import type { StaticFile } from "./static_manifest.ts";

/** Serves `static/` and the islands' code, and passes on what is neither. */
export function staticFiles<State>(): Middleware<State> {
  return async (ctx) => {
    const project = await loadProject();
    const path = decodedPath(ctx.url);
    const isScript = path.startsWith(scriptFolder());
    const file = isScript
      ? (await islandBundle()).get(path.slice(scriptFolder().length))
      : project.staticFiles.get(path);
    if (file !== undefined) return serve(ctx, file, isScript);
    if (path === "/favicon.ico") return new Response(null, { status: 404 });
    return await ctx.next();
  };
}

/** A name for look-ups only: what cannot be decoded names no file. */
function decodedPath(url: URL): string {
  try {
    return decodeURIComponent(url.pathname);
  } catch {
    return "";
  }
}

function serve<State>(
  { req, url, config }: Context<State>,
  file: StaticFile,
  isScript: boolean,
): Response {
  if (req.method !== "GET" && req.method !== "HEAD") {
    return new Response("Method Not Allowed", { status: 405 });
  }
  const id = url.searchParams.get(CACHE_KEY);
  if (id !== null && id !== buildId()) {
    // A page of another build must not keep this file under its name.
    url.searchParams.delete(CACHE_KEY);
    const location = url.pathname + url.search;
    return new Response(null, { status: 307, headers: { location } });
  }
  const isNamedByBuild = isScript || id !== null;
  const headers = new Headers({
    "Content-Type": file.contentType,
    "ETag": file.etag,
    "Vary": "If-None-Match",
    "Cache-Control": isNamedByBuild && config.mode === "production"
      ? "public, max-age=31536000, immutable"
      : "no-cache",
  });
  const known = req.headers.get("If-None-Match") ?? "";
  if (known.split(",").some((tag) => weak(tag) === file.etag)) {
    return new Response(null, { status: 304, headers });
  }
  headers.set("Content-Length", String(file.bytes.length));
  return new Response(file.bytes, { headers });
}

const weak = (tag: string) => tag.trim().replace(/^(W\/)?/, "W/");
