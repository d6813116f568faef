import { z } from "zod";
import type {
  ArimaSpec,
  Constant,
  Order,
} from "../pipeline/forecast/arima/spec.ts";

export type CaseId = string | number | boolean | null;

/** What one line asks for. */
export interface ArimaCase {
  readonly id: CaseId;
  /** Missing values are `NaN`. */
  readonly y: Float64Array;
  readonly horizon: number;
  /** Regressors, each as long as `y`; often none. */
  readonly xreg: readonly Float64Array[];
  /** Their values to come, `horizon` of each. */
  readonly newxreg: readonly Float64Array[];
  /** The model, or what the search for one may use. */
  readonly wanted:
    | { readonly kind: "spec"; readonly spec: ArimaSpec }
    | {
      readonly kind: "auto";
      /** 0 or 1 without a season. */
      readonly period: number;
      readonly constants: readonly Constant[];
    };
}

/** A line that is no case, and as much of its id as could be read. */
export interface BadLine {
  readonly kind: "bad";
  readonly id: CaseId;
  readonly reason: string;
}

export type ReadLine =
  | { readonly kind: "case"; readonly case: ArimaCase }
  | BadLine;

const HORIZON_DEFAULT = 12;
const HORIZON_MAX = 10_000;
const TERMS_MAX = 50;
const PERIOD_MAX = 10_000;
const NO_SEASON = [0, 0, 0] as const;
/** Longest piece of a line that a message repeats. */
const QUOTE_MAX = 60;

const isWhole = (n: unknown, min: number, max: number): n is number =>
  typeof n === "number" && Number.isInteger(n) && n >= min && n <= max;

const whole = (min: number, max: number) =>
  z.custom<number>(
    (n) => isWhole(n, min, max),
    `must be a whole number, ${min} to ${max}`,
  );

const isOrder = (value: unknown): value is Order =>
  Array.isArray(value) && value.length === 3 &&
  value.every((n) => isWhole(n, 0, TERMS_MAX));

const series = z.custom<readonly (number | null)[]>(
  Array.isArray,
  "must be a list of numbers, null where one is missing",
).superRefine((y, context) => {
  const at = y.findIndex((value) => value !== null && !Number.isFinite(value));
  if (at >= 0) {
    context.addIssue({
      code: "custom",
      message: `must be numbers or null, got ${quote(y[at])} at ${at}`,
    });
  }
}).transform((y) => Float64Array.from(y, (value) => value ?? NaN));

const REGRESSORS_MAX = 50;

const regressors = z.custom<readonly (readonly number[])[]>(
  (value) =>
    Array.isArray(value) && value.length > 0 &&
    value.length <= REGRESSORS_MAX &&
    value.every((column) => Array.isArray(column) && column.every(isNumber)),
  `must be 1 to ${REGRESSORS_MAX} lists of numbers, one for each regressor`,
).transform((columns) => columns.map((column) => Float64Array.from(column)));

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

const id = z.union(
  [z.string(), z.number(), z.boolean(), z.null()],
  "must be a text, a number, true, false or null",
).refine(
  (value) => !Number.isInteger(value) || Number.isSafeInteger(value),
  "must be a text if it is a whole number beyond 2^53",
);

const schema = z.strictObject({
  id: id.default(null),
  y: series,
  order: z.custom<Order | "auto">(
    (value) => value === "auto" || isOrder(value),
    `must be "auto" or [p,d,q], whole numbers, 0 to ${TERMS_MAX}`,
  ),
  seasonal: z.custom<Order>(
    isOrder,
    `must be [P,D,Q], whole numbers, 0 to ${TERMS_MAX}`,
  ).nullish(),
  period: whole(0, PERIOD_MAX).nullish(),
  constant: z.enum(["none", "mean", "drift"], {
    error: `must be "none", "mean" or "drift"`,
  }).nullish(),
  horizon: whole(1, HORIZON_MAX).nullish(),
  xreg: regressors.nullish(),
  newxreg: regressors.nullish(),
}).superRefine((given, context) => {
  const wrong = regressionError(given);
  if (wrong !== null) context.addIssue({ code: "custom", ...wrong });
}).superRefine(({ order, seasonal, period }, context) => {
  if (!seasonal?.some((terms) => terms > 0)) return;
  if (order === "auto") {
    context.addIssue({
      code: "custom",
      path: ["seasonal"],
      message: `must be left out with "auto", or [0,0,0] for no season`,
    });
  } else if ((period ?? 0) < 2) {
    context.addIssue({
      code: "custom",
      path: ["period"],
      message: "must be 2 or more with seasonal terms",
    });
  }
});

/** What does not go together in a line with regressors, or `null`. */
function regressionError(
  { y, order, horizon, xreg, newxreg }: {
    readonly y: Float64Array;
    readonly order: Order | "auto";
    readonly horizon?: number | null;
    readonly xreg?: readonly Float64Array[] | null;
    readonly newxreg?: readonly Float64Array[] | null;
  },
): { readonly path: string[]; readonly message: string } | null {
  const wrong = (key: string, message: string) => ({ path: [key], message });
  if (!xreg) return newxreg ? wrong("newxreg", "must come with xreg") : null;
  if (order === "auto") {
    return wrong("order", "must be [p,d,q] with xreg");
  }
  const short = xreg.findIndex((column) => column.length !== y.length);
  if (short >= 0) {
    return wrong(
      "xreg",
      `must have ${y.length} numbers in each list, as y has, got ` +
        `${xreg[short].length} in list ${short + 1}`,
    );
  }
  if (!newxreg || newxreg.length !== xreg.length) {
    const lists = xreg.length === 1 ? "1 list" : `${xreg.length} lists`;
    return wrong("newxreg", `must be ${lists}, as xreg is`);
  }
  const steps = horizon ?? newxreg[0].length;
  const other = newxreg.findIndex((column) => column.length !== steps);
  if (other >= 0) {
    return wrong(
      "newxreg",
      `must have ${steps} numbers in each list, one a step, got ` +
        `${newxreg[other].length} in list ${other + 1}`,
    );
  }
  return isWhole(steps, 1, HORIZON_MAX)
    ? null
    : wrong("newxreg", `must have 1 to ${HORIZON_MAX} numbers in each list`);
}

/** Reads a line as a case, or says all that is wrong with it. */
export function readCase(line: string): ReadLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return { kind: "bad", id: null, reason: `must be JSON: ${why}` };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const reason = `must be an object, got ${quote(value)}`;
    return { kind: "bad", id: null, reason };
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const known = id.safeParse("id" in value ? value.id : null);
    return {
      kind: "bad",
      id: known.success ? known.data : null,
      reason: parsed.error.issues.map((issue) => describe(issue, value))
        .join("; "),
    };
  }
  const { order, seasonal, constant, ...given } = parsed.data;
  const period = given.period ?? 0;
  const common = {
    id: given.id,
    y: given.y,
    horizon: given.horizon ?? given.newxreg?.[0].length ?? HORIZON_DEFAULT,
    xreg: given.xreg ?? [],
    newxreg: given.newxreg ?? [],
  };
  if (order === "auto") {
    const search = {
      kind: "auto" as const,
      period: seasonal ? 0 : period,
      constants: allowed(constant ?? null),
    };
    return { kind: "case", case: { ...common, wanted: search } };
  }
  const terms = seasonal ?? NO_SEASON;
  const spec: ArimaSpec = {
    order,
    seasonal: terms,
    period: terms.some((count) => count > 0) ? period : 0,
    constant: constant ?? "mean",
  };
  return { kind: "case", case: { ...common, wanted: { kind: "spec", spec } } };
}

/** What a search may use as a constant: both, unless the line says which. */
function allowed(constant: Constant | null): readonly Constant[] {
  if (constant === "none") return ["none"];
  return constant === null ? ["none", "mean", "drift"] : ["none", constant];
}

function describe(
  issue: z.core.$ZodIssue,
  given: object,
): string {
  if (issue.code === "unrecognized_keys") {
    return `${issue.keys.map(quote).join(", ")} is unknown`;
  }
  const [key] = issue.path;
  if (key === undefined) return issue.message;
  const value = Reflect.get(given, key);
  const told = issue.message.includes(", got ")
    ? ""
    : `, got ${value === undefined ? "nothing" : quote(value)}`;
  return `${String(key)} ${issue.message}${told}`;
}

function quote(value: unknown): string {
  const text = typeof value === "number"
    ? String(value)
    : JSON.stringify(value);
  return text.length > QUOTE_MAX ? `${text.slice(0, QUOTE_MAX)}…` : text;
}
