import type { Middleware } from "fresh";
import { asset } from "fresh/runtime";

const FOLDER = new URL("../static/", import.meta.url);
/** In this order, the page's own after them. */
const COMMON = ["styles", "chart", "system", "alerts"];
/** What a page has of its own beside them. */
const OWN = {
  common: [],
  docs: ["settings", "docs"],
  instrument: ["instrument"],
  settings: ["settings"],
  watchlist: ["watchlist"],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type StyledPage = keyof typeof OWN;

/** The URL of all styles of a page. */
export function stylesOf(page: StyledPage): string {
  return asset(`/styles/${page}.css`);
}

/**
 * Serves the stylesheets of a page as one: it is painted only once all are
 * there, and each more of them is a request that it waits for.
 */
export function pageStyles<State>(): Middleware<State> {
  const joined = new Map<StyledPage, Promise<Styles>>();
  return async (ctx) => {
    const page = pageOf(ctx.url.pathname);
    const { method } = ctx.req;
    if (page === null || (method !== "GET" && method !== "HEAD")) {
      return await ctx.next();
    }
    const isProduction = ctx.config.mode === "production";
    let styles = isProduction ? joined.get(page) : undefined;
    if (styles === undefined) joined.set(page, styles = join(page));
    const { css, etag } = await styles;
    const isNamedByBuild = ctx.url.pathname + ctx.url.search === stylesOf(page);
    const headers = {
      "Content-Type": "text/css; charset=utf-8",
      "ETag": etag,
      "Vary": "If-None-Match",
      "Cache-Control": isNamedByBuild && isProduction
        ? "public, max-age=31536000, immutable"
        : "no-cache",
    };
    const known = ctx.req.headers.get("If-None-Match") ?? "";
    return known.split(",").some((tag) => tag.trim() === etag)
      ? new Response(null, { status: 304, headers })
      : new Response(css, { headers });
  };
}

/** The styles of every page by their paths, for a build that holds all files. */
export async function allPageStyles(): Promise<ReadonlyMap<string, string>> {
  const pages = Object.keys(OWN) as StyledPage[];
  return new Map(
    await Promise.all(
      pages.map(async (page) =>
        [`/styles/${page}.css`, (await join(page)).css] as const
      ),
    ),
  );
}

interface Styles {
  readonly css: string;
  readonly etag: string;
}

function pageOf(path: string): StyledPage | null {
  const name = /^\/styles\/(\w+)\.css$/.exec(path)?.[1] ?? "";
  return Object.hasOwn(OWN, name) ? name as StyledPage : null;
}

async function join(page: StyledPage): Promise<Styles> {
  const read = (name: string) =>
    Deno.readTextFile(new URL(`${name}.css`, FOLDER));
  const [common, print, own] = await Promise.all([
    Promise.all(COMMON.map(read)),
    read("print"),
    Promise.all(OWN[page].map(read)),
  ]);
  const css = [...common, `@media print {\n${print}}\n`, ...own].join("\n");
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(css),
  );
  return { css, etag: `W/"${new Uint8Array(digest, 0, 16).toHex()}"` };
}
