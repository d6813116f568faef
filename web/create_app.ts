import { App, staticFiles } from "fresh";
import type { Middleware } from "fresh";
import { clientAddress } from "./client_address.ts";
import { fromElsewhere } from "./from_elsewhere.ts";
import { isLoopback } from "./loopback.ts";
import { pageStyles } from "./page_styles.ts";
import { problemResponse } from "./problem.ts";
import { RateLimit } from "./rate_limit.ts";
import type { Services, State } from "./services.ts";
import { hasBearer, isKnown, isOpenPath } from "./sign_in.ts";
import { startingPage } from "./starting_page.ts";

/** Requests of one address, the files of `static/` aside; twice at once. */
const REQUESTS_PER_SECOND = 50;
/** Wrong tokens of one address: ten at once, then one in six seconds. */
const TRIES = { perSecond: 1 / 6, burst: 10 };

/**
 * The web application: static files and styles, then what every route needs, then the
 * routes. Nothing starts here.
 *
 * @param services What the routes reach; `null` until the program has started.
 */
export function createApp(services: () => Services | null): App<State> {
  return new App<State>()
    .use(staticFiles())
    .use(pageStyles())
    .use(giveServices(services))
    .use(limitRequests())
    .use(refuseOtherSites)
    .use(requireToken(new RateLimit(TRIES)))
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

/** One address cannot keep the warehouse busy; this machine is not limited. */
function limitRequests(): Middleware<State> {
  let limit: RateLimit | null = null;
  return (ctx) => {
    const { services } = ctx.state;
    const address = clientAddress(ctx.info);
    if (services === undefined || isLoopback(address)) return ctx.next();
    const { requestsPerSecond: perSecond = REQUESTS_PER_SECOND } = services;
    limit ??= new RateLimit({ perSecond, burst: 2 * perSecond });
    const nowMs = services.clock.steadyMs();
    if (limit.take(address, nowMs)) return ctx.next();
    const waitS = limit.waitS(address, nowMs);
    return problemResponse({
      type: "about:blank",
      title: "Too many requests",
      status: 429,
      detail: `Requests of one address must be at most ${perSecond} a ` +
        `second; try again in ${waitS} s`,
    }, { "Retry-After": String(waitS) });
  };
}

/** A page of another site may not change anything here. */
const refuseOtherSites: Middleware<State> = (ctx) => {
  const why = fromElsewhere(ctx.req);
  if (why === null) return ctx.next();
  return problemResponse({
    type: "about:blank",
    title: "Not from here",
    status: 403,
    detail: why,
  });
};

/** Lets in who has the token, and slows down who guesses it. */
function requireToken(tries: RateLimit): Middleware<State> {
  return async (ctx) => {
    const { services } = ctx.state;
    if (services === undefined || services.apiToken === null) {
      return ctx.next();
    }
    const path = ctx.url.pathname;
    const { headers, method } = ctx.req;
    const address = clientAddress(ctx.info);
    const nowMs = services.clock.steadyMs();
    if (path === "/login" && method === "POST") {
      ctx.state.waitS = tries.waitS(address, nowMs);
      const answer = await ctx.next();
      if (answer.status === 401) tries.take(address, nowMs);
      return answer;
    }
    if (hasBearer(headers)) {
      const waitS = tries.waitS(address, nowMs);
      if (waitS > 0) return tooManyTries(waitS);
      if (!isKnown(services, headers)) tries.take(address, nowMs);
    }
    if (isOpenPath(path) || isKnown(services, headers)) return ctx.next();
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
}

function tooManyTries(waitS: number): Response {
  return problemResponse({
    type: "about:blank",
    title: "Too many tries",
    status: 429,
    detail: `Tokens of this address were wrong; try again in ${waitS} s`,
  }, { "Retry-After": String(waitS) });
}

function isForPrograms(path: string): boolean {
  return /^\/(api|udf|healthz|metrics|openapi\.json|readyz)(\/|$)/.test(path);
}
