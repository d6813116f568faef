import {
  type ComponentChildren,
  Fragment,
  type FunctionComponent,
  h,
  type VNode,
} from "preact";
import { jsxTemplate } from "preact/jsx-runtime";
import { renderToString } from "preact-render-to-string";
import { buildId } from "./build_id.ts";
import type { Context, Wrappers } from "./context.ts";
import type { PageProps, RouteComponent } from "./handlers.ts";
import { writePageData } from "./island_props.ts";
import { type RenderState, withRenderState } from "./render_state.ts";
import "./server_hooks.ts";

type Child = () => ComponentChildren;

/** The folder of URLs under which the islands' code is served. */
export function scriptFolder(): string {
  return `/_fresh/js/${buildId()}/`;
}

/**
 * A component of a route with its props, called already if it is async.
 *
 * What components get is a plain object: a context's methods are for handlers.
 */
export async function callComponent<State>(
  ctx: Context<State>,
  component: RouteComponent<State>,
  options: { data: unknown; child: Child },
): Promise<VNode | Response | null> {
  const props: PageProps<unknown, State> = {
    config: ctx.config,
    url: ctx.url,
    req: ctx.req,
    params: ctx.params,
    info: ctx.info,
    state: ctx.state,
    isPartial: ctx.isPartial,
    error: ctx.error,
    route: ctx.route,
    Component: options.child,
    data: options.data,
  };
  if (component.constructor.name === "AsyncFunction") {
    const call = component as (props: unknown) => Promise<VNode | Response>;
    return await call(props);
  }
  return h(component as FunctionComponent<typeof props>, props) as VNode;
}

/** Renders a page inside its layouts, and all of that inside the app. */
export async function renderPage<State>(
  ctx: Context<State>,
  page: VNode | null,
  init: ResponseInit,
  { app, layouts }: Wrappers<State>,
): Promise<Response> {
  let content: VNode | null = page;
  for (const layout of layouts.toReversed()) {
    const inner = content;
    const child: Child = () => inner;
    ctx.Component = child as typeof ctx.Component;
    const outer = await callComponent(ctx, layout, { data: null, child });
    if (outer instanceof Response) return outer;
    content = outer;
  }

  // The app is rendered last, as its head takes up what pages put in `<Head>`.
  let contentHtml = "";
  const child: Child = () => jsxTemplate([contentHtml]);
  ctx.Component = child as typeof ctx.Component;
  const wrapped = app === null
    ? h(child, null) as VNode
    : await callComponent(ctx, app, { data: null, child });
  if (wrapped instanceof Response) return wrapped;

  const state: RenderState = { islands: [], head: new Map() };
  const html = withRenderState(state, () => {
    contentHtml = renderToString(content ?? h(Fragment, null));
    return finishDocument(renderToString(wrapped ?? h(Fragment, null)), state);
  });
  const headers = new Headers(init.headers);
  headers.set("Content-Type", "text/html; charset=utf-8");
  return new Response(html, {
    status: init.status ?? 200,
    statusText: init.statusText,
    headers,
  });
}

/**
 * Completes the document and adds what is known only after rendering.
 *
 * Looking for tags in the text is sound: in text and attributes Preact writes
 * every `<` as an entity, so that these tags are elements.
 */
function finishDocument(html: string, state: RenderState): string {
  if (!/<body[\s>]/.test(html)) html = `<body>${html}</body>`;
  if (!/<head[\s>]/.test(html)) {
    const head = '<head><meta charset="utf-8"/></head>';
    html = /<html[\s>]/.test(html)
      ? html.replace(/<html[^>]*>/, (tag) => tag + head)
      : head + html;
  }
  if (!/<html[\s>]/.test(html)) html = `<html>${html}</html>`;

  const headEnd = html.indexOf("</head>");
  const bodyEnd = html.lastIndexOf("</body>");
  return "<!DOCTYPE html>" + html.slice(0, headEnd) + headRest(state) +
    html.slice(headEnd, bodyEnd) + islandScripts(state) + html.slice(bodyEnd);
}

/** What `<Head>` asked for and no element of the head gave way to. */
function headRest({ head, islands }: RenderState): string {
  const rest = renderToString(h(Fragment, null, [...head.values()]));
  const modules = new Set(islands.map(({ island }) => island.module));
  return rest +
    [...modules].map((module) =>
      `<link rel="modulepreload" fetchpriority="low" href="${scriptFolder()}${module}"/>`
    ).join("");
}

/** Data and one external script, so that no inline script has to be allowed. */
function islandScripts({ islands }: RenderState): string {
  if (islands.length === 0) return "";
  const data = writePageData({
    buildId: buildId(),
    islands: islands.map(({ island, props }) => ({ ...island, props })),
  });
  return `<script type="application/json" id="islands">${data}</script>` +
    `<script type="module" src="${scriptFolder()}boot.js"></script>`;
}
