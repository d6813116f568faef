/**
 * What is done to a partition's stream, each in one step of the server.
 *
 * Keys of a partition p have the hash tag `{p}`, so that they lie together:
 *
 * ```text
 * {p}:meta   hash: format, incarnation; newest: number of the newest entry
 *            there ever was; newest_at: its time, which never falls;
 *            appended, trimmed: bytes of all entries there ever were, and of
 *            those that are forgotten; server: the one that appended last;
 *            spaced_at: time of the newest entry that is to keep a distance;
 *            rang: when it was last told that something came; sealed: 1 while
 *            it takes no more
 * {p}:pos    hash: of each feed, its last number; "<feed> from": its last
 *            append with an origin, as "<n> <id> <writer>"
 * {p}:ticks  stream, ids as `<ms>-0`: e the entry, at its time (never falls),
 *            sum the bytes of all entries up to it
 * ```
 *
 * Keys are `{p}:<tag>:meta` and so on once partitions were divided.
 *
 * Ids are above the newest one and the floor, whatever the server's clock
 * says, and each has milliseconds of its own, so that a search by halves finds
 * every entry. A server that goes on with a stream which it did not write, or
 * after a start, may not have its last entries: others may have read them, so
 * it leaves out what their ids can be. A script writes at its end, and its first write is refused when
 * the memory is used up: it is done wholly or not at all.
 */
export const FORMAT = "1";

/**
 * Appends are told over a partition's channel, but not again within this: so
 * who was told looks once more after it.
 */
export const RING_MS = 10;

/** More than the clocks of servers differ by, and a replica is behind. */
const LEFT_OUT_MS = 3_600_000;

/** Numbers are kept as plain digits: Lua would write 1e+15. */
const HEAD = `
local function digits(n) return string.format('%.0f', n) end
local function checked(format)
  if format and format ~= '${FORMAT}' then
    return redis.error_reply('FORMAT ' .. format)
  end
end
`;

/**
 * KEYS meta, pos, ticks. ARGV: incarnation if there is none, feed, expectLast,
 * newLast, receivedAt, floor, bytes, writer or "", n, least time to the newest
 * one that names such a time or 0, channel, what to say there, server or "".
 *
 * Returns {id, incarnation, bytes held, 1 if it was appended, and then the id of
 * the entry before it, and the server}, or {last}, or nothing if it is sealed.
 */
const APPEND = `${HEAD}
local meta = redis.call('HMGET', KEYS[1], 'format', 'incarnation', 'newest',
  'newest_at', 'appended', 'trimmed', 'server', 'spaced_at', 'rang', 'sealed')
local wrong = checked(meta[1])
if wrong then return wrong end
local incarnation = meta[2] or ARGV[1]
local appended, trimmed = tonumber(meta[5] or 0), tonumber(meta[6] or 0)

local feed, origin, writer = ARGV[2], ARGV[2] .. ' from', ARGV[8]
local chain = redis.call('HMGET', KEYS[2], feed, origin)
if writer ~= '' and chain[2] then
  local n, id, known = string.match(chain[2], '^(%d+) (%S+) (.*)$')
  if known == writer and tonumber(ARGV[9]) <= tonumber(n) then
    return {id, incarnation, digits(appended - trimmed), 0}
  end
end
if meta[10] == '1' then return {} end
local last = chain[1] or '0'
if last ~= ARGV[3] then return {last} end
local spacing = tonumber(ARGV[10])
if spacing > 0 and meta[8] and
  math.abs(tonumber(ARGV[5]) - tonumber(meta[8])) < spacing then
  return {meta[3] .. '-0', incarnation, digits(appended - trimmed), 0}
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ms = math.max(now, tonumber(meta[3] or 0) + 1, tonumber(ARGV[6]) + 1)
local server = ARGV[13]
if server == '' then server = meta[7] or '' end
if meta[7] and meta[7] ~= '' and meta[7] ~= server then
  ms = ms + ${LEFT_OUT_MS}
end
local id = digits(ms) .. '-0'
local at = digits(math.max(tonumber(meta[4] or 0), tonumber(ARGV[5])))
appended = appended + #ARGV[7]
redis.call('XADD', KEYS[3], id, 'e', ARGV[7], 'at', at, 'sum', digits(appended))
if writer == '' then
  -- a mark's chain stays where it is
  if last ~= ARGV[4] then redis.call('HSET', KEYS[2], feed, ARGV[4]) end
else
  redis.call('HSET', KEYS[2], feed, ARGV[4], origin,
    ARGV[9] .. ' ' .. id .. ' ' .. writer)
end
local rang = tonumber(meta[9] or 0)
local rings = now < rang or now - rang >= ${RING_MS}
if rings then rang = now end
local spaced = spacing > 0 and ARGV[5] or meta[8] or '0'
redis.call('HSET', KEYS[1], 'format', '${FORMAT}', 'incarnation', incarnation,
  'newest', digits(ms), 'newest_at', at, 'appended', digits(appended),
  'server', server, 'spaced_at', spaced, 'rang', digits(rang))
-- nobody depends on it
if rings then redis.pcall('SPUBLISH', ARGV[11], ARGV[12]) end
return {id, incarnation, digits(appended - trimmed), 1,
  (meta[3] or '0') .. '-0', server}
`;

/**
 * KEYS meta, ticks. ARGV: incarnation if there is none, after, through or "+",
 * maxEntries, maxBytes. A stream that was never appended to begins here.
 *
 * Returns {incarnation, id, entry, id, entry…}.
 */
const READ = `${HEAD}
local meta = redis.call('HMGET', KEYS[1], 'format', 'incarnation', 'newest')
local wrong = checked(meta[1])
if wrong then return wrong end
if not meta[2] then
  redis.call('HSET', KEYS[1], 'format', '${FORMAT}', 'incarnation', ARGV[1])
end
local found = {meta[2] or ARGV[1]}
-- most looks find nothing, and need not look into the stream
local after = tonumber(string.match(ARGV[2], '^%d+'))
if after >= tonumber(meta[3] or 0) then return found end
local from, left, bytes = '(' .. ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
while left > 0 do
  local count = math.min(left, 16)
  local rows = redis.call('XRANGE', KEYS[2], from, ARGV[3], 'COUNT', count)
  for _, row in ipairs(rows) do
    local entry = row[2][2]
    bytes = bytes - #entry
    if bytes < 0 and #found > 1 then return found end
    found[#found + 1] = row[1]
    found[#found + 1] = entry
  end
  if #rows < count then break end
  from = '(' .. rows[#rows][1]
  left = left - count
end
return found
`;

/**
 * KEYS meta. ARGV: incarnation, server, number of an entry that it appended to
 * the stream of that incarnation, server or "".
 *
 * Returns 1 if it is still that server and stream, which has the entry then.
 */
const HAS = `${HEAD}
local meta = redis.call('HMGET', KEYS[1], 'format', 'incarnation', 'newest',
  'server')
local wrong = checked(meta[1])
if wrong then return wrong end
local server = ARGV[4]
if server == '' then server = meta[4] or '' end
if meta[2] == ARGV[1] and server == ARGV[2] and meta[4] == ARGV[2] and
  tonumber(meta[3] or 0) >= tonumber(ARGV[3]) then return 1 end
return 0
`;

/**
 * KEYS meta, ticks. ARGV: through, and the id behind it.
 *
 * Returns the bytes held afterwards.
 */
const TRIM = `${HEAD}
local meta = redis.call('HMGET', KEYS[1], 'format', 'appended', 'trimmed')
local wrong = checked(meta[1])
if wrong then return wrong end
local trimmed = meta[3] or '0'
local row = redis.call('XREVRANGE', KEYS[2], ARGV[1], '-', 'COUNT', 1)[1]
if row then
  trimmed = row[2][6]
  redis.call('XTRIM', KEYS[2], 'MINID', '=', ARGV[2])
  redis.call('HSET', KEYS[1], 'trimmed', trimmed)
end
return digits(tonumber(meta[2] or 0) - tonumber(trimmed))
`;

/** KEYS ticks. ARGV: time. Returns an id, or nothing. */
const NEWEST_BEFORE = `
local time = tonumber(ARGV[1])
local function older(row) return tonumber(row[2][4]) < time end
local function number(row) return tonumber(string.match(row[1], '^%d+')) end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
if not first or not older(first) then return false end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if older(last) then return last[1] end
-- the entry at low is older, every one from high on is not
local low, high = number(first), number(last)
while high - low > 1 do
  local middle = math.floor((low + high) / 2)
  local from = string.format('%.0f', middle)
  local row = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 1)[1]
  if older(row) then low = number(row) else high = middle end
end
return string.format('%.0f-0', low)
`;

/** KEYS meta, ticks. Returns {bytes held, entries}. */
const STATS = `${HEAD}
local meta = redis.call('HMGET', KEYS[1], 'format', 'appended', 'trimmed')
local wrong = checked(meta[1])
if wrong then return wrong end
local held = tonumber(meta[2] or 0) - tonumber(meta[3] or 0)
return {digits(held), redis.call('XLEN', KEYS[2])}
`;

/**
 * KEYS meta. ARGV: incarnation if there is none, 1 or 0.
 *
 * Returns {incarnation, number of the newest entry}.
 */
const SEAL = `${HEAD}
local meta = redis.call('HMGET', KEYS[1], 'format', 'incarnation', 'newest',
  'sealed')
local wrong = checked(meta[1])
if wrong then return wrong end
local incarnation = meta[2] or ARGV[1]
if (meta[4] or '0') ~= ARGV[2] then
  redis.call('HSET', KEYS[1], 'format', '${FORMAT}', 'incarnation', incarnation,
    'sealed', ARGV[2])
end
return {incarnation, meta[3] or '0'}
`;

export const SCRIPTS = {
  append: APPEND,
  seal: SEAL,
  read: READ,
  has: HAS,
  trim: TRIM,
  newestBefore: NEWEST_BEFORE,
  stats: STATS,
} as const;

export type ScriptName = keyof typeof SCRIPTS;
