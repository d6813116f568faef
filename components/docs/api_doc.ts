/** What can be asked over HTTP, as its page shows it. */
export interface ApiDoc {
  readonly groups: readonly {
    readonly name: string;
    readonly operations: readonly OperationDoc[];
  }[];
  /** What has a name of its own and is told once. */
  readonly schemas: readonly SchemaDoc[];
}

export interface OperationDoc {
  /** Its place on the page. */
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly notes: readonly string[];
  readonly parameters: readonly ParameterDoc[];
  /** A line that a terminal understands. */
  readonly example: string;
  /** Fields of its JSON. */
  readonly body: readonly FieldDoc[] | null;
  readonly answer: readonly FieldDoc[] | null;
  /** Media types that it answers with. */
  readonly formats: readonly string[];
  /** Other answers than success. */
  readonly statuses: readonly {
    readonly status: string;
    readonly words: string;
  }[];
}

export interface ParameterDoc {
  readonly name: string;
  /** Goes in a header, not behind the path. */
  readonly header: boolean;
  readonly required: boolean;
  readonly words: string;
  /** What stands for it if it is not given. */
  readonly standard: string | null;
}

export interface SchemaDoc {
  readonly name: string;
  readonly words: string | null;
  readonly fields: readonly FieldDoc[];
}

/** A member of an object. */
export interface FieldDoc {
  readonly name: string;
  /** Such as `number or null`; `[…]` around it for a list. */
  readonly type: string;
  /** Name of the schema that tells what is in it. */
  readonly refers: string | null;
  readonly words: string | null;
  readonly fields: readonly FieldDoc[];
}

/** Where a schema is on the page. */
export function schemaId(name: string): string {
  return `schema-${name}`;
}
