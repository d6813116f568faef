import { HttpError } from "fresh";
import { define } from "../../web/define.ts";
import { ProblemError, problemResponse } from "../../web/problem.ts";

/** Errors of the API are problems in JSON, never pages. */
export default define.middleware(async (ctx) => {
  try {
    return await ctx.next();
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
    return problemResponse({
      type: "about:blank",
      title: "Cannot read the warehouse",
      status: 503,
      detail: "The warehouse did not answer; /readyz says why",
    }, { "Retry-After": "2" });
  }
});
