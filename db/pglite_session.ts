import { nextTurn } from "../pipeline/next_turn.ts";
import type { BatchOptions, Param, Row, Statement } from "./db.ts";

/** What is used of PGlite, which has one connection. */
export interface PgliteConnection {
  query<R>(sql: string, params: Param[]): Promise<{ rows: R[] }>;
  exec(sql: string): Promise<unknown>;
}

/** Queries that may go before longer work that waits. */
const PASSING_MAX = 8;

/** A plan for whatever parameters, as on a server (`connectPg`). */
const BEGIN_WITH_PLANS =
  "begin; set local plan_cache_mode = force_generic_plan";

type Work = () => Promise<void>;

/**
 * One piece of work after the other on a PGlite; a batch is not split.
 *
 * Pages ask by queries, and a commit takes as long as dozens of them: what was
 * asked while one was under way is answered before the next.
 */
export class PgliteSession {
  readonly #queries: Work[] = [];
  readonly #others: Work[] = [];
  /** Names of the statements that are prepared, by their text. */
  readonly #plans = new Map<string, string>();
  #busy = false;

  constructor(private readonly pg: PgliteConnection) {}

  query<R extends Row>(
    sql: string,
    params: readonly Param[] = [],
  ): Promise<readonly R[]> {
    return this.#enqueue(
      this.#queries,
      async () => (await this.pg.query<R>(sql, [...params])).rows,
    );
  }

  batch(
    statements: readonly Statement[],
    { keepPlans = false }: BatchOptions = {},
  ): Promise<readonly (readonly Row[])[] | null> {
    const run = keepPlans ? this.#execute : this.#query;
    return this.inTurn(async () => {
      await this.pg.exec(keepPlans ? BEGIN_WITH_PLANS : "begin");
      try {
        const results: (readonly Row[])[] = [];
        for (const statement of statements) {
          const rows = await run(statement);
          const { expectRows } = statement;
          if (expectRows !== undefined && rows.length !== expectRows) {
            await this.pg.exec("rollback");
            return null;
          }
          results.push(rows);
        }
        await this.pg.exec("commit");
        return results;
      } catch (error) {
        await this.pg.exec("rollback");
        throw error;
      }
    });
  }

  script(sql: string): Promise<void> {
    return this.inTurn(async () => {
      try {
        await this.pg.exec(sql);
      } catch (error) {
        // It may have begun a transaction, which nobody would end.
        await this.pg.exec("rollback");
        throw error;
      }
    });
  }

  /** Work on the connection when it is free. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#enqueue(this.#others, work);
  }

  readonly #query = async ({ sql, params }: Statement) =>
    (await this.pg.query<Row>(sql, [...params ?? []])).rows;

  /** With the plan of the same text before, which is most of a small commit. */
  readonly #execute = async ({ sql, params = [] }: Statement) => {
    const name = this.#plans.get(sql) ?? await this.#prepare(sql);
    const values = params.length > 0
      ? `(${params.map(literalOf).join(", ")})`
      : "";
    return (await this.pg.query<Row>(`execute ${name}${values}`, [])).rows;
  };

  async #prepare(sql: string): Promise<string> {
    const name = `kept_${this.#plans.size + 1}`;
    await this.pg.exec(`prepare ${name} as ${sql}`);
    this.#plans.set(sql, name);
    return name;
  }

  #enqueue<T>(queue: Work[], work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      queue.push(() => work().then(resolve, reject));
      if (!this.#busy) this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#busy = true;
    let passing = 0;
    for (;;) {
      const passes = this.#others.length === 0 || passing < PASSING_MAX;
      const query = passes ? this.#queries.shift() : undefined;
      const work = query ?? this.#others.shift();
      if (work === undefined) break;
      passing = query ? passing + 1 : 0;
      await work();
      // Queries that came meanwhile have not been heard of yet.
      if (!query && this.#others.length > 0) await nextTurn();
    }
    this.#busy = false;
  }
}

function literalOf(value: Param): string {
  return typeof value === "string"
    ? `'${value.replaceAll("'", "''")}'`
    : String(value);
}
