import { App, staticFiles } from "fresh";
import type { Middleware } from "fresh";
import { problemResponse } from "./problem.ts";
import { isAuthorized, isOpenPath } from "./require_token.ts";
import type { Services, State } from "./services.ts";
import { startingPage } from "./starting_page.ts";

/**
 * The web application: static files, then what every route needs, then the
 * routes. Nothing starts here.
 *
 * @param services What the routes reach; `null` until the program has started.
 */
export function createApp(services: () => Services | null): App<State> {
  return new App<State>()
    .use(staticFiles())
    .use(giveServices(services))
    .use(requireToken)
    .fsRoutes();
}

function giveServices(services: () => Services | null): Middleware<State> {
  return (ctx) => {
    const started = services();
    if (started !== null) {
      ctx.state.services = started;
      return ctx.next();
    }
    const path = ctx.url.pathname;
    if (path === "/livez") return ctx.next();
    if (isForPrograms(path)) {
      return problemResponse({
        type: "about:blank",
        title: "Starting",
        status: 503,
        detail: "The buffer and the warehouse are being opened",
      }, { "Retry-After": "1" });
    }
    return startingPage();
  };
}

const requireToken: Middleware<State> = (ctx) => {
  const path = ctx.url.pathname;
  const token = ctx.state.services?.apiToken ?? null;
  if (
    token === null || isOpenPath(path) || isAuthorized(ctx.req.headers, token)
  ) return ctx.next();
  if (isForPrograms(path)) {
    return problemResponse({
      type: "about:blank",
      title: "Token needed",
      status: 401,
      detail: "Authorization must be Bearer and the API's token",
    }, { "WWW-Authenticate": 'Bearer realm="tickhouse"' });
  }
  const next = encodeURIComponent(path + ctx.url.search);
  return ctx.redirect(`/login?next=${next}`, 303);
};

function isForPrograms(path: string): boolean {
  return /^\/(api|udf|healthz|metrics|readyz)(\/|$)/.test(path);
}
