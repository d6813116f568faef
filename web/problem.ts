/** One parameter that cannot be used: its name, value, and what was expected. */
export interface ParameterProblem {
  readonly parameter: string;
  readonly value: string | null;
  readonly expected: string;
}

/** An error as clients see it: `application/problem+json` of RFC 9457. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly ParameterProblem[];
}

/** Thrown by an API handler to answer with a problem. */
export class ProblemError extends Error {
  override name = "ProblemError";

  constructor(
    readonly problem: Problem,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(problem.detail);
  }
}

/** All wrong parameters of a request, at once. */
export function badParameters(
  errors: readonly ParameterProblem[],
): ProblemError {
  return new ProblemError({
    type: "about:blank",
    title: "Bad parameters",
    status: 400,
    detail: errors.map(({ parameter, value, expected }) =>
      value === null
        ? `${parameter} is missing and must be ${expected}`
        : `${parameter}=${JSON.stringify(value)} must be ${expected}`
    ).join("; "),
    errors,
  });
}

export function unknownSymbol(symbol: string): ProblemError {
  return new ProblemError({
    type: "about:blank",
    title: "Unknown symbol",
    status: 404,
    detail: `symbol=${JSON.stringify(symbol)} must be one of /api/instruments`,
    errors: [{
      parameter: "symbol",
      value: symbol,
      expected: "a symbol of /api/instruments",
    }],
  });
}

export function problemResponse(
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...headers,
    },
  });
}
