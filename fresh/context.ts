import { type FunctionComponent, isValidElement, type VNode } from "preact";
import type { LayoutConfig, RouteComponent } from "./handlers.ts";
import { HttpError } from "./http_error.ts";
import { renderPage } from "./render_page.ts";

export interface ResolvedFreshConfig {
  root: string;
  basePath: string;
  mode: "development" | "production";
  trustProxy: boolean;
}

/** The wrappers that hold at the point a request has reached. */
export interface Wrappers<State> {
  app: RouteComponent<State> | null;
  layouts: readonly RouteComponent<State>[];
}

export interface ContextInit {
  req: Request;
  url: URL;
  info: Deno.ServeHandlerInfo;
  route: string | null;
  params: Record<string, string>;
  config: ResolvedFreshConfig;
  next: () => Promise<Response>;
}

export let wrappersOf: <State>(ctx: Context<State>) => Wrappers<State>;

/** One request on its way through middlewares, handler and page. */
export class Context<State> {
  readonly config: ResolvedFreshConfig;
  /** The request's URL, with `//` in the path collapsed. */
  readonly url: URL;
  req: Request;
  /** The pattern that matched. */
  readonly route: string | null;
  readonly params: Record<string, string>;
  /** Shared by all middlewares and the handler of this request. */
  readonly state: State = {} as State;
  data: unknown = undefined;
  /** What was thrown, on an error page. */
  error: unknown | null = null;
  readonly info: Deno.ServeHandlerInfo;
  readonly isPartial: boolean = false;
  /** Calls the next middleware, at last the handler. */
  next: () => Promise<Response>;
  Component!: FunctionComponent;

  #wrappers: Wrappers<State> = { app: null, layouts: [] };

  static {
    wrappersOf = (ctx) => ctx.#wrappers;
  }

  constructor(init: ContextInit) {
    this.req = init.req;
    this.url = init.url;
    this.info = init.info;
    this.route = init.route;
    this.params = init.params;
    this.config = init.config;
    this.next = init.next;
  }

  /** Redirects; a path cannot name another host, as `//` is collapsed. */
  redirect(pathOrUrl: string, status = 302): Response {
    const [, path, rest] = /^([^?#]*)(.*)$/s.exec(pathOrUrl)!;
    const location = path.startsWith("/")
      ? path.replaceAll(/\/+/g, "/") + rest
      : pathOrUrl;
    return new Response(null, { status, headers: { location } });
  }

  /** Renders a page with the layouts and the app wrapper that hold here. */
  render(
    // deno-lint-ignore no-explicit-any
    vnode: VNode<any> | null,
    init: ResponseInit = {},
    config: LayoutConfig = {},
  ): Promise<Response> {
    if (vnode !== null && !isValidElement(vnode)) {
      throw new TypeError("Cannot render what is not JSX in ctx.render()");
    }
    const { app, layouts } = this.#wrappers;
    return renderPage(this, vnode, init, {
      app: config.skipAppWrapper ? null : app,
      layouts: config.skipInheritedLayouts ? [] : layouts,
    });
  }

  text(content: string, init?: ResponseInit): Response {
    return new Response(content, init);
  }

  html(content: string, init?: ResponseInit): Response {
    const headers = new Headers(init?.headers);
    headers.set("Content-Type", "text/html; charset=utf-8");
    return new Response(content, { ...init, headers });
  }

  json(content: unknown, init?: ResponseInit): Response {
    return Response.json(content, init);
  }

  /** Streams text or bytes as they come; a client that leaves ends it. */
  stream<U extends string | Uint8Array>(
    stream:
      | Iterable<U>
      | AsyncIterable<U>
      | (() => Iterable<U> | AsyncIterable<U>),
    init?: ResponseInit,
  ): Response {
    const chunks = typeof stream === "function" ? stream() : stream;
    return new Response(ReadableStream.from(encodeText(chunks)), init);
  }

  /** Upgrades to a WebSocket; the handler returns the response. */
  upgrade(
    options?: Deno.UpgradeWebSocketOptions,
  ): { socket: WebSocket; response: Response } {
    if (this.req.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      throw new HttpError(400, "Expected a WebSocket upgrade request");
    }
    return Deno.upgradeWebSocket(this.req, options);
  }
}

async function* encodeText(
  chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  for await (const chunk of chunks) {
    yield typeof chunk === "string"
      ? encoder.encode(chunk)
      : chunk as Uint8Array<ArrayBuffer>;
  }
}
