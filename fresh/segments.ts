import { type Context, wrappersOf } from "./context.ts";
import type {
  HandlerFn,
  LayoutConfig,
  Middleware,
  PageResponse,
  Route,
  RouteComponent,
} from "./handlers.ts";
import { HttpError } from "./http_error.ts";
import { callComponent } from "./render_page.ts";

/** One folder of paths, with what holds for all that is below it. */
export interface Segment<State> {
  readonly parent: Segment<State> | null;
  readonly children: Map<string, Segment<State>>;
  readonly middlewares: Middleware<State>[];
  app: RouteComponent<State> | null;
  layout: { component: RouteComponent<State>; config: LayoutConfig } | null;
  errorRoute: Route<State> | null;
  /** On the root only. */
  notFound: Route<State> | null;
}

export function newSegment<State>(
  parent: Segment<State> | null = null,
): Segment<State> {
  return {
    parent,
    children: new Map(),
    middlewares: [],
    app: null,
    layout: null,
    errorRoute: null,
    notFound: null,
  };
}

/** The segment of a path such as `/api/:id`; `*` and `/` are the root. */
export function segmentAt<State>(
  root: Segment<State>,
  path: string,
): Segment<State> {
  let segment = root;
  const parts = path === "*" || path === "/*" ? [] : path.split("/");
  for (const part of parts) {
    if (part === "") continue;
    const child = segment.children.get(part) ?? newSegment(segment);
    segment.children.set(part, child);
    segment = child;
  }
  return segment;
}

/** All that a request passes before a handler in this segment, so far. */
export function layersOf<State>(
  segment: Segment<State>,
): Middleware<State>[] {
  const outer = segment.parent === null ? [] : layersOf(segment.parent);
  return [...outer, enterSegment(segment), ...segment.middlewares];
}

/** Calls middlewares in order; an empty rest is what `ctx.next` was before. */
export function compose<State>(
  middlewares: readonly Middleware<State>[],
): Middleware<State> {
  return (ctx) => {
    const last = ctx.next;
    const call = async (index: number): Promise<Response> => {
      if (index === middlewares.length) return await last();
      ctx.next = () => call(index + 1);
      try {
        return await middlewares[index](ctx);
      } catch (error) {
        ctx.error = error;
        throw error;
      }
    };
    return call(0);
  };
}

/**
 * Puts up a segment's app and layout, and catches what is thrown below it.
 *
 * What held when the route was registered is what holds, save `notFound`.
 */
function enterSegment<State>(segment: Segment<State>): Middleware<State> {
  const { app, layout, errorRoute } = segment;
  const root = rootOf(segment);
  return async (ctx) => {
    const wrappers = wrappersOf(ctx);
    const outer = { ...wrappers };
    if (app !== null) wrappers.app = app;
    if (layout !== null) {
      const { skipAppWrapper, skipInheritedLayouts } = layout.config;
      if (skipAppWrapper) wrappers.app = null;
      wrappers.layouts = skipInheritedLayouts
        ? [layout.component]
        : [...outer.layouts, layout.component];
    }
    const inner = { ...wrappers };
    try {
      return await ctx.next();
    } catch (error) {
      Object.assign(wrappers, inner);
      const status = error instanceof HttpError ? error.status : 500;
      if (root.notFound !== null && status === 404) {
        return await answerRoute(ctx, root.notFound, 200);
      }
      if (errorRoute === null) throw error;
      if (status >= 500) console.error(error);
      return await answerRoute(ctx, errorRoute, status);
    } finally {
      Object.assign(wrappers, outer);
    }
  };
}

function rootOf<State>(segment: Segment<State>): Segment<State> {
  return segment.parent === null ? segment : rootOf(segment.parent);
}

/** Calls the route's handler and renders its component with the result. */
export async function answerRoute<State>(
  ctx: Context<State>,
  route: Route<State>,
  status: number,
): Promise<Response> {
  const wrappers = wrappersOf(ctx);
  if (route.config?.skipAppWrapper) wrappers.app = null;
  if (route.config?.skipInheritedLayouts) wrappers.layouts = [];

  const handler = handlerFor(ctx.req.method.toUpperCase(), route);
  if (handler === null) throw new HttpError(404);
  const answer = await handler(ctx);
  if (answer instanceof Response) return answer;

  let vnode = null;
  if (route.component !== undefined) {
    const { data } = answer;
    const child = () => null;
    const called = await callComponent(ctx, route.component, { data, child });
    if (called instanceof Response) return called;
    vnode = called;
  }
  return await ctx.render(vnode, {
    headers: answer.headers,
    status: answer.status ?? status,
  });
}

const RENDER_ONLY = (): PageResponse<unknown> => ({ data: {} });

/** A component without a handler for GET renders with no data. */
function handlerFor<State>(
  method: string,
  { handler, component }: Route<State>,
): HandlerFn<unknown, State> | null {
  if (typeof handler === "function") return handler;
  const renders = component === undefined ? null : RENDER_ONLY;
  if (handler === undefined) return renders;
  const byName = new Map(Object.entries(handler));
  const own = byName.get(method);
  if (own !== undefined) return own;
  if (method !== "GET" && method !== "HEAD") return null;
  return byName.get("GET") ?? renders;
}
