import type {
  ApiDoc,
  FieldDoc,
  OperationDoc,
  ParameterDoc,
} from "../components/docs/api_doc.ts";
import type {
  JsonSchema,
  OpenApi,
  OperationObject,
  ParameterObject,
} from "./openapi.ts";

/** Values of an example's parameters that must be given. */
const EXAMPLES: Readonly<Record<string, string>> = {
  model: "random-walk",
  symbols: "NIFTY50",
  resolution: "5",
  from: "2026-01-05T09:15:00Z",
  to: "2026-01-05T10:15:00Z",
};
/** The same in the charting protocol, which has seconds. */
const UDF_EXAMPLES: Readonly<Record<string, string>> = {
  ...EXAMPLES,
  from: "1767604500",
  to: "1767608100",
};

/**
 * The description as a page shows it.
 *
 * @param origin Of the program, as in `http://localhost:8080`.
 * @param symbol An instrument that there is, for the examples.
 */
export function apiDoc(
  { tags, paths, components }: OpenApi,
  { origin, symbol }: { readonly origin: string; readonly symbol: string },
): ApiDoc {
  const operations = Object.entries(paths).flatMap(([path, of]) =>
    Object.entries(of).map(([method, operation]) => ({
      tag: operation.tags[0],
      doc: operationDoc(path, method, operation, { origin, symbol }),
    }))
  );
  return {
    groups: tags.map(({ name }) => ({
      name,
      operations: operations.filter(({ tag }) => tag === name)
        .map(({ doc }) => doc),
    })),
    schemas: Object.entries(components.schemas).map(([name, schema]) => ({
      name,
      words: schema.description ?? null,
      fields: fieldsOf(schema),
    })),
  };
}

function operationDoc(
  path: string,
  method: string,
  operation: OperationObject,
  of: { readonly origin: string; readonly symbol: string },
): OperationDoc {
  const { operationId, summary, description, parameters } = operation;
  const { 200: success, ...others } = operation.responses;
  const json = success.content?.["application/json"]?.schema;
  const body = operation.requestBody?.content["application/json"].schema;
  return {
    id: operationId,
    method: method.toUpperCase(),
    path,
    summary,
    notes: description?.split("\n\n") ?? [],
    parameters: parameters.map(parameterDoc),
    example: exampleOf(path, method, parameters, of),
    body: body === undefined ? null : fieldsOf(body),
    answer: json === undefined ? null : fieldsOf(json),
    formats: Object.keys(success.content ?? {}),
    statuses: Object.entries(others).map(([status, { description }]) => ({
      status,
      words: description,
    })),
  };
}

function parameterDoc(parameter: ParameterObject): ParameterDoc {
  const { name, required, schema, description } = parameter;
  const { enum: choices, default: standard } = schema;
  return {
    name,
    header: parameter.in === "header",
    required,
    words: [
      description,
      choices && `One of ${choices.join(", ")}`,
    ].filter((words) => words !== undefined).join(". "),
    standard: standard === undefined || standard === ""
      ? null
      : String(standard),
  };
}

function exampleOf(
  path: string,
  method: string,
  parameters: readonly ParameterObject[],
  { origin, symbol }: { readonly origin: string; readonly symbol: string },
): string {
  const url = new URL(path, origin);
  if (method === "post") {
    return `curl -H 'Content-Type: application/json' ` +
      `-d '{"reason":"too_late"}' ${url.href}`;
  }
  const known = path.startsWith("/udf/") ? UDF_EXAMPLES : EXAMPLES;
  for (const { name, required } of parameters) {
    const value = /^symbols?$/.test(name) ? symbol : known[name];
    if (required && value !== undefined) url.searchParams.set(name, value);
  }
  const quiet = path === "/api/stream" ? "-N " : "";
  return `curl ${quiet}'${url.href}'`;
}

/** Members of an object, or of the objects in a list or a choice. */
function fieldsOf(schema: JsonSchema): readonly FieldDoc[] {
  const inner = schema.items !== undefined && !Array.isArray(schema.items)
    ? schema.items
    : schema.additionalProperties;
  if (schema.properties === undefined) {
    const forms = choicesOf(schema);
    if (forms.length > 0) return mergeFields(forms.flatMap(fieldsOf));
    return typeof inner === "object" ? fieldsOf(inner as JsonSchema) : [];
  }
  const required = new Set(schema.required);
  return Object.entries(schema.properties).map(([name, of]) => {
    const field = of as JsonSchema;
    return {
      name: required.has(name) ? name : `${name}?`,
      type: typeOf(field),
      refers: referredBy(field),
      words: field.description ?? null,
      fields: fieldsOf(field),
    };
  });
}

/** Fields of several forms of one thing: each name once. */
function mergeFields(fields: readonly FieldDoc[]): readonly FieldDoc[] {
  const byName = new Map<string, FieldDoc>();
  for (const field of fields) {
    const known = byName.get(field.name);
    const same = known === undefined || known.type.includes(field.type);
    byName.set(field.name, {
      ...known ?? field,
      type: same ? known?.type ?? field.type : `${known.type} or ${field.type}`,
    });
  }
  return [...byName.values()];
}

function choicesOf({ anyOf, oneOf }: JsonSchema): readonly JsonSchema[] {
  return (anyOf ?? oneOf ?? []) as readonly JsonSchema[];
}

function typeOf(schema: JsonSchema): string {
  const choices = choicesOf(schema);
  if (choices.length > 0) {
    return [...new Set(choices.map(typeOf))].join(" or ");
  }
  if (schema.$ref !== undefined) return referredBy(schema)!;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) {
    return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  }
  if (schema.type === "array") {
    const { items, prefixItems } = schema;
    if (prefixItems !== undefined) {
      const types = prefixItems.map((one) => typeOf(one as JsonSchema));
      return `[${types.join(", ")}]`;
    }
    return `[${typeOf((items ?? {}) as JsonSchema)}]`;
  }
  const types = [schema.type ?? "anything"].flat();
  return types.join(" or ");
}

function referredBy(schema: JsonSchema): string | null {
  if (schema.$ref !== undefined) return schema.$ref.split("/").at(-1)!;
  const inner = [...choicesOf(schema), schema.items].filter((one) =>
    typeof one === "object"
  );
  for (const one of inner) {
    const found = referredBy(one as JsonSchema);
    if (found !== null) return found;
  }
  return null;
}
