import { HttpError } from "fresh";
import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { inTime } from "../../web/in_time.ts";
import { ProblemError } from "../../web/problem.ts";
import { READ_MS_MAX } from "../../web/read_warehouse.ts";

/** Errors as the protocol has them: a status and a message in JSON. */
export default define.middleware(async (ctx) => {
  const { method } = ctx.req;
  if (method !== "GET" && method !== "HEAD") {
    return failed(405, `Method must be GET or HEAD, got ${method}`);
  }
  try {
    return await inTime(ctx.next(), READ_MS_MAX);
  } catch (error) {
    if (error instanceof ProblemError) {
      return failed(error.problem.status, error.problem.detail);
    }
    if (error instanceof HttpError) {
      return failed(
        error.status,
        `${ctx.url.pathname} must be a path of the protocol: /udf/config, ` +
          "time, symbols, search, history, marks, timescale_marks or quotes",
      );
    }
    console.error(error);
    return failed(503, "The warehouse did not answer; /readyz says why");
  }
});

function failed(status: number, errmsg: string): Response {
  return liveJson({ s: "error", errmsg }, status);
}
