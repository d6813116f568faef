/** A value that every format of an export knows. */
export type Value = number | string | boolean | null;

/** A column of a table: what it is called, what it holds, and of what. */
export interface TableColumn<Row> {
  readonly name: string;
  /** `TIMESTAMP`: a moment in UTC, in milliseconds. */
  readonly type: "TIMESTAMP" | "DOUBLE" | "INT32" | "BOOLEAN" | "STRING";
  readonly nullable: boolean;
  readonly of: (row: Row) => Value;
}

/** How rows of one kind are laid out where they are not JSON. */
export type Table<Row> = readonly TableColumn<Row>[];

/** Columns of fields that are called alike. */
export function fields<Row>(
  type: TableColumn<Row>["type"],
  names: readonly {
    readonly [K in keyof Row]: Row[K] extends Value ? K : never;
  }[keyof Row][],
  { nullable = false }: { readonly nullable?: boolean } = {},
): TableColumn<Row>[] {
  return names.map((name) => ({
    name: String(name),
    type,
    nullable,
    of: (row) => row[name] as Value,
  }));
}
