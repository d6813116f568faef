import { problemResponse } from "./problem.ts";
import type { HttpHandler } from "./serve_http.ts";

/** What machines that watch the program ask, and nothing that changes it. */
const WATCHED = ["/metrics", "/healthz", "/livez", "/readyz", "/api/audit"];
/** Of those, what is nobody's business where there is a port for it. */
const APART = ["/metrics", "/healthz"];

/** Answers those who watch the program, and nobody else. */
export function onlyOperators(handler: HttpHandler): HttpHandler {
  return answering(handler, (path) => WATCHED.includes(path));
}

/** Answers all but what has a port of its own. */
export function withoutOperators(handler: HttpHandler): HttpHandler {
  return answering(handler, (path) => !APART.includes(path));
}

function answering(
  handler: HttpHandler,
  has: (path: string) => boolean,
): HttpHandler {
  return (request, info) => {
    // As the router has it: slashes in a row are one, one at the end is none.
    const path = new URL(request.url).pathname.replace(/\/+/g, "/")
      .replace(/(?<=.)\/$/, "");
    if (has(path)) return handler(request, info);
    return Promise.resolve(problemResponse({
      type: "about:blank",
      title: "Not found",
      status: 404,
      detail: `${JSON.stringify(path.slice(0, 64))} is not on this port`,
    }));
  };
}
