import { nextTurn } from "../pipeline/next_turn.ts";
import type { Param, Row, Statement } from "./db.ts";

/** What is used of PGlite, which has one connection. */
export interface PgliteConnection {
  query<R>(sql: string, params: Param[]): Promise<{ rows: R[] }>;
  exec(sql: string): Promise<unknown>;
}

/** Queries that may go before longer work that waits. */
const PASSING_MAX = 8;

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
  ): Promise<readonly (readonly Row[])[] | null> {
    return this.inTurn(async () => {
      await this.pg.exec("begin");
      try {
        const results: (readonly Row[])[] = [];
        for (const { sql, params, expectRows } of statements) {
          const { rows } = await this.pg.query<Row>(sql, [...params ?? []]);
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
