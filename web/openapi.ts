import { z } from "zod";
import { auditAnswer } from "./answers/audit.ts";
import { candle } from "./answers/candles.ts";
import { feedState } from "./answers/feed_state.ts";
import { forecast } from "./answers/forecasts.ts";
import { gap } from "./answers/gaps.ts";
import { instrument } from "./answers/instruments.ts";
import { model } from "./answers/models.ts";
import { problem, udfError } from "./answers/problem.ts";
import { quarantined } from "./answers/quarantine.ts";
import { signal } from "./answers/signals.ts";
import { streamEvents } from "./answers/stream.ts";
import { systemAnswer } from "./answers/system.ts";
import { GROUPS, type Operation, OPERATIONS } from "./operations.ts";

/** JSON Schema 2020-12, the dialect of OpenAPI 3.1. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Schemas that have a name, which others refer to. */
const NAMED: Readonly<Record<string, z.ZodType>> = {
  Candle: candle,
  Forecast: forecast,
  Signal: signal,
  Instrument: instrument,
  Model: model,
  FeedState: feedState,
  Gap: gap,
  QuarantinedLine: quarantined,
  Audit: auditAnswer,
  System: systemAnswer,
  Problem: problem,
  UdfError: udfError,
  ...Object.fromEntries(
    Object.entries(streamEvents)
      .filter(([, schema]) => (schema as z.ZodType) !== feedState)
      .map(([name, schema]) => [eventName(name), schema]),
  ),
};

function eventName(kind: string): string {
  const words = kind.split(".").map((word) =>
    word[0].toUpperCase() + word.slice(1)
  );
  return `${words.join("")}Event`;
}

const SCHEMAS = "#/components/schemas/";

/** A parameter as OpenAPI has it. */
export interface ParameterObject {
  readonly name: string;
  readonly in: "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
  readonly style?: "form";
  readonly explode?: false;
}

interface Content {
  readonly [mediaType: string]: { readonly schema?: JsonSchema };
}

interface ResponseObject {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Content;
}

export interface OperationObject {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters: readonly ParameterObject[];
  readonly requestBody?: { readonly required: true; readonly content: Content };
  readonly responses: Readonly<Record<string, ResponseObject>>;
}

/** The parts of OpenAPI 3.1 that are used here. */
export interface OpenApi {
  readonly openapi: "3.1.0";
  readonly info: Readonly<Record<string, unknown>>;
  readonly tags: readonly { readonly name: string }[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, OperationObject>>>
  >;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

let made: OpenApi | undefined;

/** The whole HTTP surface, made once of the schemas that hold it. */
export function openApi(): OpenApi {
  return made ??= make();
}

function make(): OpenApi {
  const { schemaOf, schemas } = answerSchemas();
  const paths: Record<string, Record<string, OperationObject>> = {};
  for (const operation of OPERATIONS as readonly Operation[]) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: operationObject(operation, schemaOf),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Tickhouse",
      version: "1",
      description: "Market data, forecasts and signals of this program. " +
        "Times are Unix milliseconds unless said otherwise; parameters take " +
        "ISO 8601 too. Unknown parameters are errors, but for /udf.",
    },
    tags: Object.values(GROUPS).map((name) => ({ name })),
    security: [{}, { token: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: "API_TOKEN, where the program has one",
        },
      },
    },
  };
}

type SchemaOf = (schema: z.ZodType) => JsonSchema;

/** All schemas at once, so that what has a name is told once. */
function answerSchemas(): {
  readonly schemaOf: SchemaOf;
  readonly schemas: Readonly<Record<string, JsonSchema>>;
} {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) {
    registry.add(schema, { id });
  }
  const ids = new Map<z.ZodType, string>();
  const unnamed = (OPERATIONS as readonly Operation[])
    .flatMap(({ answer, variants = [] }) => [answer, ...variants])
    .filter((schema) => schema !== null);
  for (const schema of unnamed) {
    if (registry.has(schema)) continue;
    const id = `_${ids.size}`;
    ids.set(schema, id);
    registry.add(schema, { id });
  }
  const all = z.toJSONSchema(registry, {
    uri: (id) => SCHEMAS + id,
    io: "output",
  }).schemas;
  const plain = (id: string): JsonSchema => {
    const { $schema: _, $id: __, ...schema } = all[id];
    return withoutBounds(schema);
  };
  const names = new Map(
    Object.entries(NAMED).map(([id, schema]) => [schema, id]),
  );
  return {
    schemas: Object.fromEntries(
      Object.keys(NAMED).toSorted().map((id) => [id, plain(id)]),
    ),
    schemaOf: (schema) => {
      const name = names.get(schema);
      return name === undefined
        ? plain(ids.get(schema)!)
        : { $ref: SCHEMAS + name };
    },
  };
}

/** Without the bounds that every whole number of JavaScript has. */
function withoutBounds<T>(schema: T): T {
  if (typeof schema !== "object" || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(withoutBounds) as T;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) =>
        !(key === "maximum" && value === Number.MAX_SAFE_INTEGER) &&
        !(key === "minimum" && value === Number.MIN_SAFE_INTEGER)
      )
      .map(([key, value]) => [key, withoutBounds(value)]),
  ) as T;
}

function operationObject(
  operation: Operation,
  schemaOf: SchemaOf,
): OperationObject {
  const { method, path, group, summary, notes, body } = operation;
  return {
    operationId: [
      method.toLowerCase(),
      ...path.split(/\W/).filter((word) => word !== ""),
    ].join("_"),
    tags: [GROUPS[group]],
    summary,
    ...notes && { description: notes.join("\n\n") },
    parameters: parametersOf(operation),
    ...body && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: inputSchema(body) } },
      },
    },
    responses: responsesOf(operation, schemaOf),
  };
}

function parametersOf({ query, path }: Operation): readonly ParameterObject[] {
  const found = Object.entries(query.shape).map(([name, field]) =>
    parameterObject(name, field as z.ZodType)
  );
  return path !== "/api/stream" ? found : [...found, {
    name: "Last-Event-ID",
    in: "header",
    required: false,
    description: "The id of the last event that was received",
    schema: { type: "string" },
  }];
}

function parameterObject(name: string, field: z.ZodType): ParameterObject {
  const { description, ...schema } = inputSchema(field);
  const standard = defaultOf(field);
  return {
    name,
    in: "query",
    required: !field.safeParse(undefined).success,
    description,
    schema: {
      ...schema,
      ...standard !== undefined && { default: standard },
    } as JsonSchema,
    ...schema.type === "array" && { style: "form", explode: false },
  };
}

/** The value that stands for a parameter that is not given. */
function defaultOf(field: z.ZodType): unknown {
  return field instanceof z.ZodDefault ? field.def.defaultValue : undefined;
}

function inputSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, "~standard": __, ...rest } = z.toJSONSchema(schema, {
    io: "input",
  });
  return withoutBounds(rest);
}

const PROBLEM_WORDS: Readonly<Record<number, string>> = {
  400: "Parameters are wrong; all of them are named",
  401: "The program has a token, and the request has not",
  403: "A page of another site asked",
  404: "Unknown symbol",
  415: "The content is not JSON",
  429: "Too many wrong tokens of one address; Retry-After says when",
  503: "The warehouse does not answer, or the program is starting",
};

function responsesOf(
  { path, answer, variants = [], formats = [], also = {}, ...operation }:
    Operation,
  schemaOf: SchemaOf,
): Readonly<Record<string, ResponseObject>> {
  const json = answer === null ? [] : [answer, ...variants].map(schemaOf);
  const content: Content = {
    ...json.length > 0 && {
      "application/json": {
        schema: json.length === 1 ? json[0] : { anyOf: json },
      },
    },
    ...Object.fromEntries(
      formats.map((type) => [type, { schema: { type: "string" } as const }]),
    ),
  };
  const responses: Record<string, ResponseObject> = {
    200: {
      description: path === "/api/stream"
        ? "Events; the data of each is of the schema of its name: " +
          Object.keys(streamEvents).map((kind) =>
            `${kind}: ${kind === "feed" ? "FeedState" : eventName(kind)}`
          ).join(", ")
        : "Success",
      content,
    },
  };
  for (const [status, description] of Object.entries(also)) {
    responses[status] = { description, content };
  }
  const udf = path.startsWith("/udf/");
  const api = udf || path.startsWith("/api/");
  const statuses = [
    ...api ? [400] : [],
    ...path === "/readyz" || path === "/livez" ? [] : [401, 429],
    ...operation.problems ?? [],
    ...api ? [503] : [],
  ];
  for (const status of statuses) {
    responses[status] ??= status === 304
      ? { description: "Not changed since the ETag that was given" }
      : {
        description: PROBLEM_WORDS[status],
        content: udf && status !== 401 && status !== 429
          ? { "application/json": { schema: schemaOf(udfError) } }
          : { "application/problem+json": { schema: schemaOf(problem) } },
      };
  }
  return responses;
}
