import type { Clock } from "../pipeline/ports.ts";
import {
  type BatchOptions,
  type Db,
  DbError,
  type Row,
  type Statement,
} from "./db.ts";

/** What can wait must not have the rest wait for a lock longer than this. */
const LOCK_MS_MAX = 100;
/** A shared transaction that takes longer was no good to who could not wait. */
const SHARED_MS_MAX = 500;
/** How long everybody goes alone after that. */
const ALONE_MS = 10_000;

/** Each of the statements that follow waits so long, and then all is refused. */
const SHORT_WAITS: Statement = {
  sql: `set local lock_timeout = ${LOCK_MS_MAX}`,
};
const WAITS_AS_EVER: Statement = { sql: "set local lock_timeout to default" };

type Results = readonly (readonly Row[])[] | null;

/** A batch that waits for others. */
interface Waiting {
  readonly statements: readonly Statement[];
  readonly canWait: boolean;
  readonly answer: PromiseWithResolvers<Results>;
}

/**
 * The same database, where batches that may share a transaction do.
 *
 * What a process says and asks by the clock, such as that it is there, costs a
 * transaction each time; those that can wait a moment go with the first one
 * that cannot, before its own statements. If the server refuses one of them, or
 * one waits for a lock, each is tried by itself, and goes by itself for a while;
 * so it does after a transaction that took long.
 */
export function sharedTransactions(db: Db, clock: Clock): Db {
  let waiting: Waiting[] = [];
  /** Ends the waits of those that have gone. */
  let gone = new AbortController();
  /** Until then nobody shares. */
  let aloneUntilMs = -Infinity;

  function go(): void {
    const ready = waiting;
    waiting = [];
    gone.abort();
    gone = new AbortController();
    if (ready.length > 1 && clock.steadyMs() >= aloneUntilMs) {
      void transact(ready);
    } else ready.forEach(alone);
  }

  function alone({ statements, answer }: Waiting): void {
    answer.resolve(db.batch(statements));
  }

  async function transact(together: readonly Waiting[]): Promise<void> {
    const startedAtMs = clock.steadyMs();
    const looks = together.filter(({ canWait }) => canWait);
    const others = together.filter(({ canWait }) => !canWait);
    try {
      const [, ...results] = (await db.batch([
        SHORT_WAITS,
        ...looks.flatMap((one) => one.statements),
        WAITS_AS_EVER,
        ...others.flatMap((one) => one.statements),
      ]))!;
      const tookMs = clock.steadyMs() - startedAtMs;
      if (tookMs > SHARED_MS_MAX) goAlone();
      for (const { statements: { length }, answer } of looks) {
        answer.resolve(results.splice(0, length));
      }
      results.shift();
      for (const { statements: { length }, answer } of others) {
        answer.resolve(results.splice(0, length));
      }
    } catch (error) {
      if (error instanceof DbError && error.code !== null) {
        goAlone();
        together.forEach(alone);
      } else for (const { answer } of together) answer.reject(error);
    }
  }

  function goAlone(): void {
    aloneUntilMs = clock.steadyMs() + ALONE_MS;
  }

  function share(
    statements: readonly Statement[],
    { ms, signal }: NonNullable<BatchOptions["shares"]>,
  ): Promise<Results> {
    const one: Waiting = {
      statements,
      canWait: ms > 0,
      answer: Promise.withResolvers(),
    };
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
