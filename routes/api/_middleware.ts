import { HttpError } from "fresh";
import { define } from "../../web/define.ts";
import { inTime } from "../../web/in_time.ts";
import { ProblemError, problemResponse } from "../../web/problem.ts";
import { isFault, READ_MS_MAX } from "../../web/read_warehouse.ts";

/** Paths that change something; all others only read. */
const CHANGES = ["/api/quarantine/readmit"];

/**
 * Answers that take their time, which whoever asks for them knows: what counts
 * every row or reads days of ticks. A change is not given up half done either.
 */
function mayTakeLong({ pathname, searchParams }: URL): boolean {
  return pathname === "/api/rebuild" || CHANGES.includes(pathname) ||
    (pathname === "/api/audit" && searchParams.get("full") === "1");
}

/** Errors of the API are problems in JSON, never pages. */
export default define.middleware(async (ctx) => {
  const { method } = ctx.req;
  const allowed = CHANGES.includes(ctx.url.pathname)
    ? ["POST"]
    : ["GET", "HEAD"];
  if (!allowed.includes(method)) {
    return problemResponse({
      type: "about:blank",
      title: "Method not allowed",
      status: 405,
      detail: `Method must be ${allowed.join(" or ")}, got ${method}`,
    }, { Allow: allowed.join(", ") });
  }
  try {
    return mayTakeLong(ctx.url)
      ? await ctx.next()
      : await inTime(ctx.next(), READ_MS_MAX);
  } catch (error) {
    if (error instanceof ProblemError) {
      return problemResponse(error.problem, error.headers);
    }
    if (error instanceof HttpError) {
      return problemResponse({
        type: "about:blank",
        title: error.status === 404 ? "Not found" : "Cannot answer",
        status: error.status,
        detail: `${ctx.req.method} ${ctx.url.pathname} must be a path of ` +
          "the API, such as GET /api/instruments",
      });
    }
    console.error(error);
    if (isFault(error)) {
      return problemResponse({
        type: "about:blank",
        title: "Internal error",
        status: 500,
        detail: "Answering failed by a fault of the program; its log says how",
      });
    }
    return problemResponse({
      type: "about:blank",
      title: "Cannot read the warehouse",
      status: 503,
      detail: "The warehouse did not answer; /readyz says why",
    }, { "Retry-After": "2" });
  }
});
