/**
 * A stand-in for Fresh 2: the part of its interface that this project uses.
 *
 * `routes/`, `islands/` and `main.ts`'s app import from here by the name
 * `fresh` only. docs/decisions/0005 says why it is here.
 */
export { App, type ListenOptions } from "./app.ts";
export type { Context, ResolvedFreshConfig } from "./context.ts";
export { createDefine, type Define } from "./define.ts";
export {
  type HandlerByMethod,
  type HandlerFn,
  type LayoutConfig,
  type Method,
  type Middleware,
  page,
  type PageProps,
  type PageResponse,
  type RouteConfig,
  type RouteHandler,
} from "./handlers.ts";
export { HttpError } from "./http_error.ts";
export { staticFiles } from "./static_files.ts";
