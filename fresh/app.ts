import { Context, type ResolvedFreshConfig } from "./context.ts";
import type {
  LayoutConfig,
  Method,
  Middleware,
  Route,
  RouteComponent,
} from "./handlers.ts";
import { type FileRoutes, registerFileRoutes } from "./fs_routes.ts";
import { HttpError } from "./http_error.ts";
import { loadProject, projectRoot } from "./project.ts";
import { Router } from "./router.ts";
import {
  answerRoute,
  compose,
  layersOf,
  newSegment,
  type Segment,
  segmentAt,
} from "./segments.ts";

export type ListenOptions = Partial<
  Deno.ServeTcpOptions & Deno.TlsCertifiedKeyPem
>;

export type Handler = (
  request: Request,
  info?: Deno.ServeHandlerInfo,
) => Promise<Response>;

/** What is being put together, command by command. */
interface Site<State> {
  readonly root: Segment<State>;
  readonly router: Router<Middleware<State>>;
  readonly files: FileRoutes;
}

type Command<State> = (site: Site<State>) => void;

/**
 * An application: middlewares, routes and wrappers in the order of the calls.
 *
 * A call holds for what is registered after it, so `fsRoutes()` comes last.
 */
export class App<State> {
  readonly config: ResolvedFreshConfig;
  #commands: Command<State>[] = [];
  #usesFiles = false;

  constructor(config: { mode?: "development" | "production" } = {}) {
    this.config = {
      root: projectRoot(),
      basePath: "",
      mode: config.mode ?? "production",
      trustProxy: false,
    };
  }

  /** Adds middlewares for all paths, or for a path and those below it. */
  use(...middlewares: Middleware<State>[]): this;
  use(path: string, ...middlewares: Middleware<State>[]): this;
  use(
    first: string | Middleware<State>,
    ...rest: Middleware<State>[]
  ): this {
    const path = typeof first === "string" ? first : "*";
    const added = typeof first === "string" ? rest : [first, ...rest];
    return this.#add(({ root }) =>
      segmentAt(root, path).middlewares.push(...added)
    );
  }

  get(path: string, ...handlers: Middleware<State>[]): this {
    return this.#handle("GET", path, handlers);
  }
  post(path: string, ...handlers: Middleware<State>[]): this {
    return this.#handle("POST", path, handlers);
  }
  put(path: string, ...handlers: Middleware<State>[]): this {
    return this.#handle("PUT", path, handlers);
  }
  patch(path: string, ...handlers: Middleware<State>[]): this {
    return this.#handle("PATCH", path, handlers);
  }
  delete(path: string, ...handlers: Middleware<State>[]): this {
    return this.#handle("DELETE", path, handlers);
  }
  head(path: string, ...handlers: Middleware<State>[]): this {
    return this.#handle("HEAD", path, handlers);
  }
  all(path: string, ...handlers: Middleware<State>[]): this {
    return this.#handle("ALL", path, handlers);
  }

  /** Adds a page: a handler, a component, or both. */
  route(path: string, route: Route<State>): this {
    return this.#add(({ root, router }) => {
      const layers = layersOf(segmentAt(root, path));
      const methods = typeof route.handler === "object"
        ? methodsOf(route)
        : ["ALL" as const];
      const item = compose([...layers, (ctx) => answerRoute(ctx, route, 200)]);
      const pattern = route.config?.routeOverride ?? path;
      for (const method of methods) router.add(method, pattern, item);
    });
  }

  /** Sets the component around every page, with `<html>` and `<head>`. */
  appWrapper(component: RouteComponent<State>): this {
    return this.#add(({ root }) => {
      root.app = component;
    });
  }

  /** Sets the component around the pages at and below a path. */
  layout(
    path: string,
    component: RouteComponent<State>,
    config: LayoutConfig = {},
  ): this {
    return this.#add(({ root }) => {
      segmentAt(root, path).layout = { component, config };
    });
  }

  /** Sets what answers a 404; its status is 200 unless it says otherwise. */
  notFound(route: Route<State> | Middleware<State>): this {
    return this.#add(({ root }) => {
      root.notFound = routeOf(route);
    });
  }

  /** Sets what answers errors at and below a path. */
  onError(path: string, route: Route<State> | Middleware<State>): this {
    return this.#add(({ root }) => {
      segmentAt(root, path).errorRoute = routeOf(route);
    });
  }

  /** Adds the files under `routes/`. */
  fsRoutes(): this {
    this.#usesFiles = true;
    return this.#add((site) => registerFileRoutes(site, site.files));
  }

  /** The function from request to response, for any server or a test. */
  handler(): Handler {
    const ready = this.#build();
    ready.catch(() => {}); // each request reports it
    return async (req, info = NO_CONNECTION) => {
      try {
        const response = await dispatch(await ready, this.config, req, info);
        if (req.method !== "HEAD") return response;
        await response.body?.cancel();
        return new Response(null, response);
      } catch (error) {
        return defaultErrorResponse(error);
      }
    };
  }

  /** Starts `Deno.serve`; stop it with `options.signal`. */
  listen(options: ListenOptions = {}): Promise<void> {
    Deno.serve(options as Deno.ServeTcpOptions, this.handler());
    return Promise.resolve();
  }

  #add(command: Command<State>): this {
    this.#commands.push(command);
    return this;
  }

  #handle(
    method: Method | "ALL",
    path: string,
    handlers: Middleware<State>[],
  ): this {
    return this.#add(({ root, router }) => {
      const layers = layersOf(segmentAt(root, path));
      router.add(method, path, compose([...layers, ...handlers]));
    });
  }

  async #build(): Promise<Built<State>> {
    const files = this.#usesFiles ? (await loadProject()).routes : [];
    const root = newSegment<State>();
    const router = new Router<Middleware<State>>();
    for (const command of this.#commands) command({ root, router, files });
    return { router, unmatched: compose(layersOf(root)) };
  }
}

interface Built<State> {
  readonly router: Router<Middleware<State>>;
  /** The root's middlewares, which run for paths without a route too. */
  readonly unmatched: Middleware<State>;
}

async function dispatch<State>(
  { router, unmatched }: Built<State>,
  config: ResolvedFreshConfig,
  req: Request,
  info: Deno.ServeHandlerInfo,
): Promise<Response> {
  const url = new URL(req.url);
  url.pathname = url.pathname.replace(/\/+/g, "/");
  const method = req.method.toUpperCase() as Method;
  const { item, pattern, params, methods } = router.match(method, url);
  const next = (): Promise<Response> => {
    if (pattern === null) throw new HttpError(404);
    if (method !== "OPTIONS") throw new HttpError(405);
    const headers = { Allow: methods.join(", ") };
    return Promise.resolve(new Response(null, { status: 204, headers }));
  };
  const ctx = new Context<State>({
    req,
    url,
    info,
    route: pattern,
    params,
    config,
    next,
  });
  const response = await (item ?? unmatched)(ctx);
  if (response instanceof Response) return response;
  throw new TypeError(`Cannot answer ${url.pathname} with ${response}`);
}

function defaultErrorResponse(error: unknown): Response {
  if (!(error instanceof HttpError)) {
    console.error(error);
    return new Response("Internal server error", { status: 500 });
  }
  if (error.status >= 500) console.error(error);
  const text = error.message || STATUS_TEXT[error.status] || "Error";
  return new Response(text, { status: error.status });
}

const STATUS_TEXT: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** What a test's request comes from. */
const NO_CONNECTION = {
  remoteAddr: { transport: "tcp", hostname: "localhost", port: 1234 },
  completed: Promise.resolve(),
} as Deno.ServeHandlerInfo;

function routeOf<State>(
  route: Route<State> | Middleware<State>,
): Route<State> {
  return typeof route === "function" ? { handler: route } : route;
}

function methodsOf<State>(route: Route<State>): Method[] {
  const named = Object.keys(route.handler ?? {}) as Method[];
  return route.component === undefined ? named : [...named, "GET"];
}
