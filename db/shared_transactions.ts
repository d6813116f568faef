import type { Clock } from "../pipeline/ports.ts";
import {
  type BatchOptions,
  type Db,
  DbError,
  type Row,
  type Statement,
} from "./db.ts";

type Results = readonly (readonly Row[])[] | null;

/** A batch that waits for others. */
interface Waiting {
  readonly statements: readonly Statement[];
  readonly answer: PromiseWithResolvers<Results>;
}

/**
 * The same database, where batches that may share a transaction do.
 *
 * What a process says and asks by the clock, such as that it is there, costs a
 * transaction each time; those that can wait a moment go with the first one
 * that cannot, before its own statements. If the server refuses one of them,
 * each is tried by itself.
 */
export function sharedTransactions(db: Db, clock: Clock): Db {
  let waiting: Waiting[] = [];
  /** Ends the waits of those that have gone. */
  let gone = new AbortController();

  function go(): void {
    const together = waiting;
    waiting = [];
    gone.abort();
    gone = new AbortController();
    void transact(together);
  }

  async function transact(together: readonly Waiting[]): Promise<void> {
    const statements = together.flatMap((one) => one.statements);
    try {
      const results = (await db.batch(statements))!;
      let from = 0;
      for (const { statements: { length }, answer } of together) {
        answer.resolve(results.slice(from, from + length));
        from += length;
      }
    } catch (error) {
      const refused = error instanceof DbError && error.code !== null;
      for (const { statements, answer } of together) {
        if (refused && together.length > 1) {
          answer.resolve(db.batch(statements));
        } else answer.reject(error);
      }
    }
  }

  function share(
    statements: readonly Statement[],
    { ms, signal }: NonNullable<BatchOptions["shares"]>,
  ): Promise<Results> {
    const one = { statements, answer: Promise.withResolvers<Results>() };
    waiting.push(one);
    if (ms === 0) go();
    else {
      const ends = signal
        ? AbortSignal.any([gone.signal, signal])
        : gone.signal;
      clock.sleep(ms, ends).then(() => {
        if (waiting.includes(one)) go();
      });
    }
    return one.answer.promise;
  }

  return {
    query: (sql, params) => db.query(sql, params),
    batch: (statements, options = {}) =>
      options.shares
        ? share(statements, options.shares)
        : db.batch(statements, options),
    script: (sql) => db.script(sql),
    close: () => db.close(),
  };
}
