/**
 * The statements of a commit, each of which takes its rows as arrays: one
 * literal a column, unnested. `$1` and up are literals of arrays unless said
 * otherwise; bounds on t let the planner leave out the other months.
 */
import { CANDLE_LINES_OF_ALL } from "./candle_rows.ts";

/** Moves the position if it and the lease are still ours; one row if so. */
export const MOVE_POSITION = `
  update offsets set
    position = $4, incarnation = $5,
    marked_at = greatest(marked_at, $6::timestamptz),
    applied = applied + $7::int8, rejected = rejected + $8::int8,
    packed = packed + $10::int8,
    lease_until = now() + ($9::float8 * interval '1 millisecond')
  where p = $1::int and lease_epoch = $2::int8 and position = $3
  returning p`;

/** Keeps a partition as `MOVE_POSITION` does, and leaves its position. */
export const HOLD_PARTITION = `
  update offsets
  set lease_until = now() + ($3::float8 * interval '1 millisecond')
  where p = $1::int and lease_epoch = $2::int8
  returning p`;

/** A candle made from ticks merges with more of them; an imported one yields. */
const MERGES = "candles.origin = 'ticks'";
const STARTS_EARLIER = `(excluded.first_ts, excluded.first_feed,
  excluded.first_seq, excluded.open) < (candles.first_ts, candles.first_feed,
  candles.first_seq, candles.open)`;
const ENDS_LATER = `(excluded.last_ts, excluded.last_feed,
  excluded.last_seq, excluded.close) > (candles.last_ts, candles.last_feed,
  candles.last_seq, candles.close)`;

function firstOf(column: string): string {
  return `${column} = case when ${MERGES} and not ${STARTS_EARLIER}
    then candles.${column} else excluded.${column} end`;
}

function lastOf(column: string): string {
  return `${column} = case when ${MERGES} and not ${ENDS_LATER}
    then candles.${column} else excluded.${column} end`;
}

function sumOf(column: string): string {
  return `${column} = case when ${MERGES}
    then candles.${column} + excluded.${column} else excluded.${column} end`;
}

/** Columns that a revision keeps of a candle `c`. */
const ARCHIVE_COLUMNS = `instrument_id, interval, t, rev, end_t, open, high,
  low, close, volume, notional, n, last_ts, closed_by, complete, coverage_ms,
  origin, known_from`;

/**
 * The stored candle of each row of `d`, as `name`: looked up by its key, one
 * by one (`offset 0` keeps the planner from joining whole months).
 */
function storedOf(name: string, interval: string, bounds: string): string {
  return `lateral (
      select * from candles
      where instrument_id = d.instrument_id and interval = ${interval}
        and t = d.t and ${bounds}
      offset 0
    ) ${name}`;
}

/** Keeps closed candles of `from` as they were; `now` is when they stopped. */
function archive(from: string, now: string): string {
  const columns = ARCHIVE_COLUMNS.split(",").map((name) => `c.${name.trim()}`);
  return `insert into candle_revisions (${ARCHIVE_COLUMNS}, known_to)
    select ${columns.join(", ")}, greatest(c.known_from, ${now})
    from ${from}
    where c.closed`;
}

const MERGE_BOUNDS = "t between $17::timestamptz and $18::timestamptz";
const ROLL_UP_BOUNDS = "t >= $8::timestamptz and t < $9::timestamptz";

/** Folds of `from` as candles that nothing was known of before. */
function insertFolds(from: string): string {
  return `insert into candles (instrument_id, interval, t, end_t, open, high,
      low, close, volume, notional, n, first_ts, first_feed, first_seq, last_ts,
      last_feed, last_seq, closed, complete, coverage_ms, rev, origin,
      known_from, updated_at)
    select instrument_id, '1m', t, end_t, open, high, low, close, volume,
      notional, n, first_ts, first_feed, first_seq, last_ts, last_feed,
      last_seq, false, false, 0, 0, 'ticks', $19::timestamptz, $19::timestamptz
    from ${from}`;
}

/** What all folds do to the candles that they meet. */
const MERGE_ENDS = `
      ${firstOf("open")},
      ${firstOf("first_ts")},
      ${firstOf("first_feed")},
      ${firstOf("first_seq")},
      ${lastOf("close")},
      ${lastOf("last_ts")},
      ${lastOf("last_feed")},
      ${lastOf("last_seq")},
      end_t = excluded.end_t,
      known_from = greatest(candles.known_from, excluded.known_from),
      updated_at = excluded.updated_at`;

/**
 * Merges folds into their one-minute candles, as `mergeFolds` does; returns
 * the candles. A closed one is kept as a revision before. The books of the day
 * take what the rows have gained, whatever the commit says of itself.
 *
 * Most candles are new or forming, which gain what the fold has: they are
 * written at once. Only the others are looked up as they were. (`not in` is
 * hashed however many rows the planner expects, a join may not be.)
 */
export const MERGE_CANDLES = `
  with d as materialized (
    select instrument_id, from_micros(t) as t, from_micros(end_t) as end_t,
      open, high, low, close, volume, notional, n, first_ts, first_feed,
      first_seq, last_ts, last_feed, last_seq
    from unnest(
      ($1::text)::int[], ($2::text)::int8[], ($3::text)::int8[],
      ($4::text)::numeric[], ($5::text)::numeric[], ($6::text)::numeric[],
      ($7::text)::numeric[], ($8::text)::numeric[], ($9::text)::numeric[],
      ($10::text)::int8[], ($11::text)::int8[], ($12::text)::int8[],
      ($13::text)::int8[], ($14::text)::int8[], ($15::text)::int8[],
      ($16::text)::int8[]
    ) as u(instrument_id, t, end_t, open, high, low, close, volume, notional,
      n, first_ts, first_feed, first_seq, last_ts, last_feed, last_seq)
  ), forming as (
    ${insertFolds("d")}
    on conflict (instrument_id, interval, t) do update set ${MERGE_ENDS},
      high = greatest(candles.high, excluded.high),
      low = least(candles.low, excluded.low),
      volume = candles.volume + excluded.volume,
      notional = candles.notional + excluded.notional,
      n = candles.n + excluded.n
    where not candles.closed and ${MERGES}
    returning *
  ), others as materialized (
    select * from d
    where (instrument_id, t) not in (select instrument_id, t from forming)
  ), stored as materialized (
    select c.* from others d cross join ${storedOf("c", "'1m'", MERGE_BOUNDS)}
  ), kept as (
    ${archive("stored c", "$19::timestamptz")}
  ), other as (
    ${insertFolds("others")}
    on conflict (instrument_id, interval, t) do update set ${MERGE_ENDS},
      high = case when ${MERGES} then greatest(candles.high, excluded.high)
        else excluded.high end,
      low = case when ${MERGES} then least(candles.low, excluded.low)
        else excluded.low end,
      ${sumOf("volume")},
      ${sumOf("notional")},
      ${sumOf("n")},
      rev = candles.rev + candles.closed::int,
      closed = candles.closed and ${MERGES},
      closed_by = case when ${MERGES} then candles.closed_by end,
      complete = candles.complete and ${MERGES},
      coverage_ms = case when ${MERGES} then candles.coverage_ms else 0 end,
      origin = 'ticks'
    returning *
  ), books as (
    insert into candle_books as b (p, day, n)
    select i.p, date_trunc('day', g.t, 'UTC'), sum(g.n)
    from (
      select instrument_id, t, n from d
      union all
      select instrument_id, t, -n from others
      union all
      select instrument_id, t, n from other
      union all
      select instrument_id, t, -n from stored where origin = 'ticks'
    ) g join instruments i on i.id = g.instrument_id
    group by 1, 2
    on conflict (p, day) do update set n = b.n + excluded.n
  )
  select ${CANDLE_LINES_OF_ALL} as lines
  from (select * from forming union all select * from other) c
  join instruments i on i.id = c.instrument_id`;

/** Closes one-minute candles that are open; returns them. */
export const CLOSE_CANDLES = `
  with d as materialized (
    select instrument_id, from_micros(t) as t, closed_by, coverage_ms, complete
    from unnest(($1::text)::int[], ($2::text)::int8[], ($3::text)::text[],
      ($4::text)::int8[], ($5::text)::boolean[])
      as u(instrument_id, t, closed_by, coverage_ms, complete)
  ), c as (
    update candles set closed = true, closed_by = d.closed_by,
      coverage_ms = d.coverage_ms, complete = d.complete,
      known_from = greatest(candles.known_from, $8::timestamptz),
      updated_at = $8::timestamptz
    from d
    where candles.instrument_id = d.instrument_id and candles.t = d.t
      and candles.interval = '1m' and not candles.closed
      and candles.t between $6::timestamptz and $7::timestamptz
    returning candles.*
  )
  select ${CANDLE_LINES_OF_ALL} as lines
  from c join instruments i on i.id = c.instrument_id`;

/**
 * Says of closed one-minute candles that more of them was covered than was
 * known; where that is so, it is a revision. Returns those.
 */
export const RECOVER_CANDLES = `
  with d as materialized (
    select instrument_id, from_micros(t) as t, coverage_ms, complete
    from unnest(($1::text)::int[], ($2::text)::int8[], ($3::text)::int8[],
      ($4::text)::boolean[]) as u(instrument_id, t, coverage_ms, complete)
  ), stored as materialized (
    select c.*, d.coverage_ms as more_ms, d.complete as whole
    from d cross join ${
  storedOf("c", "'1m'", "t between $5::timestamptz and $6::timestamptz")
}
    where c.closed and c.origin = 'ticks'
      and (d.coverage_ms > c.coverage_ms or d.complete > c.complete)
  ), kept as (
    ${archive("stored c", "$7::timestamptz")}
  ), c as (
    update candles set rev = candles.rev + 1,
      coverage_ms = greatest(candles.coverage_ms, s.more_ms),
      complete = candles.complete or s.whole,
      known_from = greatest(candles.known_from, $7::timestamptz),
      updated_at = $7::timestamptz
    from stored s
    where candles.instrument_id = s.instrument_id and candles.t = s.t
      and candles.interval = '1m'
      and candles.t between $5::timestamptz and $6::timestamptz
    returning candles.*
  )
  select ${CANDLE_LINES_OF_ALL} as lines
  from c join instruments i on i.id = c.instrument_id`;

export const SAVE_PROGRESS = `
  insert into feed_progress as f (p, feed, epoch, instrument_id, max_event,
    last_received, replay, ended)
  select $1::int, feed, epoch, instrument_id, from_micros(max_event),
    from_micros(last_received), replay, ended
  from unnest(($2::text)::text[], ($3::text)::int8[], ($4::text)::int[],
    ($5::text)::int8[], ($6::text)::int8[], ($7::text)::boolean[],
    ($8::text)::boolean[])
    as u(feed, epoch, instrument_id, max_event, last_received, replay, ended)
  on conflict (p, feed, epoch, instrument_id) do update set
    max_event = excluded.max_event, last_received = excluded.last_received,
    replay = excluded.replay, ended = excluded.ended, forgotten = false`;

/** A feed with gaps is still looked up for them; of others nothing is kept. */
export const FORGET_PROGRESS = `
  with f as materialized (
    select u.*, exists (
      select from feed_gaps g
      where g.p = $1::int and g.feed = u.feed and g.epoch = u.epoch
    ) as gaps
    from unnest(($2::text)::text[], ($3::text)::int8[], ($4::text)::int[])
      as u(feed, epoch, instrument_id)
  ), gone as (
    delete from feed_progress r using f
    where r.p = $1::int and r.feed = f.feed and r.epoch = f.epoch
      and r.instrument_id = f.instrument_id and not f.gaps
  )
  update feed_progress r set forgotten = true from f
  where r.p = $1::int and r.feed = f.feed and r.epoch = f.epoch
    and r.instrument_id = f.instrument_id and f.gaps`;

export const SAVE_TOTALS = `
  insert into feed_totals (p, feed, epoch, delivery, replay, connected,
    last_seq, received, accepted, duplicates, rejected, covered_from,
    covered_to, last_event, away_since, node)
  select $1::int, feed, epoch, delivery, replay, connected, last_seq, received,
    accepted, duplicates, rejected, from_micros(covered_from),
    from_micros(covered_to), from_micros(last_event), from_micros(away_since), node
  from unnest(($2::text)::text[], ($3::text)::int8[], ($4::text)::text[],
    ($5::text)::boolean[], ($6::text)::boolean[], ($7::text)::int8[],
    ($8::text)::int8[], ($9::text)::int8[], ($10::text)::int8[],
    ($11::text)::int8[], ($12::text)::int8[], ($13::text)::int8[],
    ($14::text)::int8[], ($15::text)::int8[], ($16::text)::text[])
    as u(feed, epoch, delivery, replay, connected, last_seq, received, accepted,
      duplicates, rejected, covered_from, covered_to, last_event, away_since,
      node)
  on conflict (p, feed, epoch) do update set
    delivery = excluded.delivery, replay = excluded.replay,
    connected = excluded.connected, last_seq = excluded.last_seq,
    received = excluded.received, accepted = excluded.accepted,
    duplicates = excluded.duplicates, rejected = excluded.rejected,
    covered_from = excluded.covered_from, covered_to = excluded.covered_to,
    last_event = excluded.last_event, away_since = excluded.away_since,
    node = excluded.node`;

export const COUNT_REJECTS = `
  insert into feed_rejects as f (p, feed, epoch, reason, count)
  select $1::int, feed, epoch, reason, sum(count)
  from unnest(($2::text)::text[], ($3::text)::int8[], ($4::text)::text[],
    ($5::text)::int8[]) as u(feed, epoch, reason, count)
  group by feed, epoch, reason
  on conflict (p, feed, epoch, reason) do update set
    count = f.count + excluded.count`;

export const KEEP_REJECTS = `
  with kept as (
  insert into quarantine (p, incarnation, entry_id, idx, feed, epoch, received_at, seq,
    line, reason, detail, symbol, ts, raw)
  select $1::int, $14, entry_id, idx, feed, epoch, from_micros(received_at), seq,
    line, reason, detail, symbol, from_micros(ts), raw
  from unnest(($2::text)::text[], ($3::text)::int[], ($4::text)::text[],
    ($5::text)::int8[], ($6::text)::int8[], ($7::text)::int8[],
    ($8::text)::int8[], ($9::text)::text[], ($10::text)::text[],
    ($11::text)::text[], ($12::text)::int8[], ($13::text)::text[])
    as u(entry_id, idx, feed, epoch, received_at, seq, line, reason, detail,
      symbol, ts, raw)
  returning p
  )
  update offsets set in_quarantine = in_quarantine + (select count(*) from kept)
  where p = $1::int`;

/**
 * Keeps lines that are packed. `$1` is the partition, `$12` a text with a pack's
 * lines in each of its own, `$13` the stream.
 */
export const KEEP_PACKS = `
  with kept as (
    insert into quarantine_packs (p, incarnation, entry_id, feed, epoch,
      received_at, count, from_t, to_t, days, reasons, symbols, lines)
    select $1::int, $13, entry_id, feed, epoch, from_micros(received_at), count,
      from_micros(from_t), from_micros(to_t), days::int[], reasons::text[],
      symbols::text[], lines
    from unnest(($2::text)::text[], ($3::text)::text[], ($4::text)::int8[],
      ($5::text)::int8[], ($6::text)::int[], ($7::text)::int8[],
      ($8::text)::int8[], ($9::text)::text[], ($10::text)::text[],
      ($11::text)::text[], string_to_array($12, E'\\n'))
      as u(entry_id, feed, epoch, received_at, count, from_t, to_t, days,
        reasons, symbols, lines)
    returning count
  )
  update offsets set in_packs = in_packs + (select sum(count) from kept)
  where p = $1::int`;

/**
 * Takes rejects back: out of the counts, and marked where they are kept.
 *
 * A feed without acks may use a number again, so that older rejects have it
 * too: as many are taken back as are named, the newest ones.
 */
export const READMIT = `
  with u as materialized (
    select feed, epoch, seq, count(*) as times
    from unnest(($2::text)::text[], ($3::text)::int8[], ($4::text)::int8[])
      as u(feed, epoch, seq)
    group by feed, epoch, seq
  ), newest as materialized (
    select q.* from u cross join lateral (
      select p, incarnation, entry_id, idx from quarantine
      where p = $1::int and feed = u.feed and epoch = u.epoch and seq = u.seq
        and reason = 'out_of_band' and not readmitted
      order by received_at desc, length(entry_id) desc, entry_id desc, idx desc
      limit u.times
    ) q
  ), back as (
    update quarantine q set readmitted = true
    from newest n
    where q.p = n.p and q.incarnation = n.incarnation
      and q.entry_id = n.entry_id and q.idx = n.idx
    returning q.feed, q.epoch, q.reason
  ), fewer as (
    update feed_rejects f set count = f.count - b.count
    from (
      select feed, epoch, reason, count(*) as count from back
      group by feed, epoch, reason
    ) b
    where f.p = $1::int and f.feed = b.feed and f.epoch = b.epoch
      and f.reason = b.reason
  )
  update offsets set rejected = rejected - (select count(*) from back),
    in_quarantine = in_quarantine - (select count(*) from back)
  where p = $1::int`;

/**
 * Takes rows back that somebody asked for, by their places, and notes how far
 * readmissions are applied.
 */
export const TAKE_BACK = `
  with back as (
    update quarantine q set readmitted = true
    from unnest(($2::text)::text[], ($3::text)::text[], ($4::text)::int[])
      as u(incarnation, entry_id, idx)
    where q.p = $1::int and q.incarnation = u.incarnation
      and q.entry_id = u.entry_id and q.idx = u.idx and not q.readmitted
    returning q.feed, q.epoch, q.reason
  ), fewer as (
    update feed_rejects f set count = f.count - b.count
    from (
      select feed, epoch, reason, count(*) as count from back
      group by feed, epoch, reason
    ) b
    where f.p = $1::int and f.feed = b.feed and f.epoch = b.epoch
      and f.reason = b.reason
  )
  update offsets set rejected = rejected - (select count(*) from back),
    in_quarantine = in_quarantine - (select count(*) from back),
    readmitted_through = $5::int8
  where p = $1::int`;

export const SAVE_GAPS = `
  insert into feed_gaps as g (p, feed, epoch, kind, from_t, to_t, seq_from,
    seq_to)
  select $1::int, feed, epoch, kind, from_micros(from_t),
    max(from_micros(to_t)), seq_from, max(seq_to)
  from unnest(($2::text)::text[], ($3::text)::int8[], ($4::text)::text[],
    ($5::text)::int8[], ($6::text)::int8[], ($7::text)::int8[],
    ($8::text)::int8[])
    as u(feed, epoch, kind, from_t, to_t, seq_from, seq_to)
  group by feed, epoch, kind, from_t, seq_from
  on conflict (p, feed, epoch, kind, from_t, seq_from) do update set
    to_t = greatest(g.to_t, excluded.to_t),
    seq_to = greatest(g.seq_to, excluded.seq_to)`;

/**
 * Makes longer candles anew from the shorter ones in their buckets. A bucket
 * that a mark closes, or that was closed, is closed after; one without a
 * shorter candle stays away. Returns those that changed, and whether they were
 * closed before.
 *
 * Coverage is the sum of the shorter ones', or what the mark that closes the
 * bucket says, if that is more: it knows of minutes in which nothing happened.
 *
 * `$7` is the interval of the shorter ones, `$8` and `$9` bound every t, `$10`
 * is now, `$11` what the marks say of coverage, in milliseconds or null.
 */
export const ROLL_UP = `
  with d as materialized (
    select instrument_id, interval, from_micros(t) as t,
      from_micros(end_t) as end_t, closed_by, whole_ms, said_ms
    from unnest(($1::text)::int[], ($2::text)::text[], ($3::text)::int8[],
      ($4::text)::int8[], ($5::text)::text[], ($6::text)::int8[],
      ($11::text)::int8[])
      as u(instrument_id, interval, t, end_t, closed_by, whole_ms, said_ms)
  ), merged as materialized (
    select d.instrument_id, d.interval, d.t, d.end_t, d.closed_by, d.whole_ms,
      d.said_ms, s.*
    from d cross join lateral (
      select
        (min(array[to_micros(c.t)::numeric, c.open]))[2] as open,
        max(c.high) as high, min(c.low) as low,
        (max(array[to_micros(c.t)::numeric, c.close]))[2] as close,
        sum(c.volume) as volume,
        case when count(c.notional) = count(*) then sum(c.notional) end
          as notional,
        sum(c.n)::int8 as n, min(c.first_ts) as first_ts,
        max(c.last_ts) as last_ts, sum(c.coverage_ms)::int8 as sum_ms,
        case when bool_and(c.origin = 'import') then 'import' else 'ticks' end
          as origin,
        count(*) as parts
      from candles c
      where c.instrument_id = d.instrument_id and c.interval = $7
        and c.t >= d.t and c.t < d.end_t
        and c.t >= $8::timestamptz and c.t < $9::timestamptz
    ) s
    where s.parts > 0
  ), wanted as materialized (
    select d.*, coalesce(o.closed, false) as was_closed,
      coalesce(o.closed, false) or d.closed_by is not null as will_close
    from (
      select d.*, greatest(d.sum_ms,
        case when o.closed then o.coverage_ms else d.said_ms end) as coverage_ms
      from merged d
      left join ${storedOf("o", "d.interval", ROLL_UP_BOUNDS)} on true
    ) d
    left join ${storedOf("o", "d.interval", ROLL_UP_BOUNDS)} on true
    where o.t is null
      or not o.closed and d.closed_by is not null
      or (o.open, o.high, o.low, o.close, o.volume, o.notional, o.n,
        o.coverage_ms, o.origin, o.end_t)
        is distinct from (d.open, d.high, d.low, d.close, d.volume,
        d.notional, d.n, d.coverage_ms, d.origin, d.end_t)
      or o.last_ts is distinct from d.last_ts
  ), kept as (
    ${
  archive(
    `wanted d cross join ${storedOf("c", "d.interval", ROLL_UP_BOUNDS)}`,
    "$10::timestamptz",
  )
}
  ), c as (
    insert into candles (instrument_id, interval, t, end_t, open, high, low,
      close, volume, notional, n, first_ts, last_ts, closed, closed_by,
      complete, coverage_ms, rev, origin, known_from, updated_at)
    select instrument_id, interval, t, end_t, open, high, low, close, volume,
      notional, n, first_ts, last_ts, will_close, closed_by,
      will_close and coverage_ms >= whole_ms, coverage_ms, 0, origin,
      $10::timestamptz, $10::timestamptz
    from wanted
    on conflict (instrument_id, interval, t) do update set
      end_t = excluded.end_t, open = excluded.open, high = excluded.high,
      low = excluded.low, close = excluded.close, volume = excluded.volume,
      notional = excluded.notional, n = excluded.n,
      first_ts = excluded.first_ts, last_ts = excluded.last_ts,
      closed = excluded.closed,
      closed_by = coalesce(candles.closed_by, excluded.closed_by),
      complete = excluded.complete, coverage_ms = excluded.coverage_ms,
      rev = candles.rev + candles.closed::int, origin = excluded.origin,
      known_from = greatest(candles.known_from, excluded.known_from),
      updated_at = excluded.updated_at
    returning *
  )
  select (c.instrument_id, c.interval, c.t) in (
      select instrument_id, interval, t from wanted where was_closed
    ) as was_closed, ${CANDLE_LINES_OF_ALL} as lines
  from c join instruments i on i.id = c.instrument_id
  group by 1`;
