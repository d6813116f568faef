import type { z } from "zod";
import {
  badParameters,
  type ParameterProblem,
  ProblemError,
} from "./problem.ts";

/**
 * Reads the JSON of a request by a schema.
 *
 * A schema's own messages say what was expected, after "must be". Of several
 * forms that a body may have, the one it is nearest to is told.
 *
 * @throws {ProblemError} If it is no JSON, or anything in it is wrong.
 */
export async function readBody<T>(
  schema: z.ZodType<T>,
  request: Request,
): Promise<T> {
  const body = await request.json().catch(() => {
    throw new ProblemError({
      type: "about:blank",
      title: "Bad request",
      status: 400,
      detail: "Body must be JSON",
    });
  });
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw badParameters(
    parsed.error.issues.flatMap(nearest).flatMap((issue) =>
      problemsOf(issue, body)
    ),
  );
}

function nearest(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  return issue.code === "invalid_union" && issue.errors.length > 0
    ? issue.errors.reduce((a, b) => b.length < a.length ? b : a)
    : [issue];
}

function problemsOf(
  issue: z.core.$ZodIssue,
  body: unknown,
): readonly ParameterProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      parameter: key.slice(0, 64),
      value: textAt(body, [...issue.path, key]),
      expected: "absent",
    }));
  }
  return [{
    parameter: issue.path.join(".") || "body",
    value: textAt(body, issue.path),
    expected: issue.message,
  }];
}

/** What stands there, cut; `null` if nothing does. */
function textAt(body: unknown, path: readonly PropertyKey[]): string | null {
  let at = body;
  for (const key of path) {
    at = (at as Record<PropertyKey, unknown> | null | undefined)?.[key];
  }
  if (at === undefined) return null;
  return (typeof at === "string" ? at : JSON.stringify(at)).slice(0, 64);
}
