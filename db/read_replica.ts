import type { ReplicaFault } from "../pipeline/domain/replica_fault.ts";
import type { Clock, ReplicaState } from "../pipeline/ports.ts";
import { type Db, DbError, type Param, type Row } from "./db.ts";

/**
 * Further behind than this, a replica is not read. It is well below the minute
 * after which caches keep for good what was read (decision 26).
 */
const LAG_MS_MAX = 5_000;
const LOOK_MS = 500;
/** What a read that must be new waits for the replica. */
const CATCH_UP_MS_MAX = 250;
const CATCH_UP_LOOK_MS = 5;
/** As many looks as are further back than `LAG_MS_MAX`. */
const LOOKS_MAX = 2 * LAG_MS_MAX / LOOK_MS;

/** Of the server, as another connection to the same one says too. */
const WHO = `extract(epoch from pg_postmaster_start_time())::float8 as started,
  (select system_identifier::text from pg_control_system()) as system,
  current_database() as name`;
const PRIMARY = `select ${WHO},
  pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::float8 as position`;
const REPLICA = `select ${WHO}, pg_is_in_recovery() as replays,
  pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::float8 as position`;
const PRIMARY_POSITION = `select
  pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::float8 as position`;
const REPLICA_POSITION = `select
  pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::float8 as position`;

/** A statement that ran into its limit would do so elsewhere. */
const CANCELED = "57014";

interface Who {
  readonly started: number;
  readonly system: string;
  readonly name: string;
}

/**
 * A copy of the database that is read in its place, as long as it is good:
 * reads go to the database itself while the copy is away, refuses, is far
 * behind or is no copy of it any more.
 *
 * How far it is says the place in the write-ahead log that it has replayed,
 * against where the primary was: no clock but ours is asked. It may also be the
 * same server, as another role.
 */
export class ReadReplica {
  /** Reads that may be `LAG_MS_MAX` old. */
  readonly lagging: Db;
  /** Reads that have all that was committed when they are asked for. */
  readonly fresh: Db;
  /** Where the primary was, and when it had been asked; oldest first. */
  #looks: { readonly at: number; readonly position: number }[] = [];
  #replayed = -1;
  #fault: ReplicaFault | null = "away";
  /** The same server: there is nothing to wait for. */
  #isSame = false;
  #asking: Promise<number> | null = null;
  #next: Promise<number> | null = null;

  constructor(
    private readonly primary: Db,
    private readonly replica: Db,
    private readonly clock: Clock,
  ) {
    this.lagging = this.#reader(() => Promise.resolve(this.#fault === null));
    this.fresh = this.#reader(() => this.#caughtUp());
  }

  state(): ReplicaState {
    return {
      fault: this.#fault,
      lagMs: this.#isSame || this.#fault === "away" ? null : this.#lagMs(),
    };
  }

  /** Looks once, so that the first reads go where they should. */
  async look(): Promise<void> {
    const at = this.clock.steadyMs();
    const [here, there] = await Promise.allSettled([
      this.primary.query<Row & Who & { position: number }>(PRIMARY),
      this.replica.query<
        Row & Who & { replays: boolean; position: number | null }
      >(REPLICA),
    ]);
    if (here.status === "rejected") {
      // What is known gets older, until it is too old.
      this.#judge(this.#fault);
      return;
    }
    const [primary] = here.value;
    this.#looks.push({ at, position: primary.position });
    if (this.#looks.length > LOOKS_MAX) this.#looks.shift();
    if (there.status === "rejected") {
      this.#fault = "away";
      return;
    }
    const [replica] = there.value;
    this.#isSame = replica.started === primary.started &&
      replica.system === primary.system && replica.name === primary.name;
    if (replica.system !== primary.system || replica.name !== primary.name) {
      this.#fault = "foreign";
    } else if (!replica.replays && !this.#isSame) {
      this.#fault = "promoted";
    } else {
      this.#replayed = replica.position ?? -1;
      this.#judge(null);
    }
  }

  /** Looks until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.clock.sleep(LOOK_MS, signal);
      await this.look();
    }
  }

  #judge(fault: ReplicaFault | null): void {
    const behind = !this.#isSame && this.#lagMs() > LAG_MS_MAX;
    this.#fault = fault ?? (behind ? "behind" : null);
  }

  /** Since when the primary has been beyond what the replica has. */
  #lagMs(): number {
    const has = this.#looks.findLast(({ position }) =>
      position <= this.#replayed
    );
    return has === undefined ? Infinity : this.clock.steadyMs() - has.at;
  }

  /** Whether the replica has all that the primary has at this moment. */
  async #caughtUp(): Promise<boolean> {
    if (this.#fault !== null) return false;
    if (this.#isSame) return true;
    const deadline = this.clock.steadyMs() + CATCH_UP_MS_MAX;
    const wanted = await this.#primaryPosition();
    while (this.#replayed < wanted) {
      const [{ position }] = await this.replica.query<
        Row & { position: number | null }
      >(REPLICA_POSITION).catch(() => [{ position: null }]);
      if (position === null) return false;
      this.#replayed = Math.max(this.#replayed, position);
      if (this.#replayed >= wanted) break;
      if (this.clock.steadyMs() > deadline) return false;
      await this.clock.sleep(CATCH_UP_LOOK_MS);
    }
    return this.#fault === null;
  }

  /** Asked after the call; those who call meanwhile share the next answer. */
  #primaryPosition(): Promise<number> {
    this.#next ??= Promise.resolve(this.#asking?.catch(() => {})).then(() => {
      this.#next = null;
      return this.#asking = this.primary
        .query<Row & { position: number }>(PRIMARY_POSITION)
        .then(([{ position }]) => position);
    });
    return this.#next;
  }

  /** Asks the replica if it will do, and the primary if it will not. */
  #reader(willDo: () => Promise<boolean>): Db {
    const read = async <T>(ask: (db: Db) => Promise<T>): Promise<T> => {
      if (!await willDo()) return await ask(this.primary);
      try {
        return await ask(this.replica);
      } catch (error) {
        if (error instanceof DbError && error.code === CANCELED) throw error;
        const answer = await ask(this.primary);
        // It is the replica's fault, then; the next look may say otherwise.
        this.#fault ??= error instanceof DbError && error.code !== null
          ? "refuses"
          : "away";
        return answer;
      }
    };
    return {
      query: <R extends Row>(sql: string, params?: readonly Param[]) =>
        read((db) => db.query<R>(sql, params)),
      batch: (statements) => read((db) => db.batch(statements)),
      script: () => Promise.reject(new DbError("A replica is read", null)),
      close: () => Promise.resolve(),
    };
  }
}
