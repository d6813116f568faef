import type { Param, Row, Statement } from "./db.ts";

/** What is used of PGlite, which has one connection. */
export interface PgliteConnection {
  query<R>(sql: string, params: Param[]): Promise<{ rows: R[] }>;
  exec(sql: string): Promise<unknown>;
}

/** One piece of work after the other on a PGlite; a batch is not split. */
export class PgliteSession {
  #tail: Promise<unknown> = Promise.resolve();

  constructor(private readonly pg: PgliteConnection) {}

  query<R extends Row>(
    sql: string,
    params: readonly Param[] = [],
  ): Promise<readonly R[]> {
    return this.inTurn(async () =>
      (await this.pg.query<R>(sql, [...params])).rows
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
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => {});
    return result;
  }
}
