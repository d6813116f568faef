"""What such projects do in Python: each line of the file is parsed and added to
a Redis stream; then the stream is read by the thousand, folded, and each candle
that was touched is upserted by a statement of its own.

`straightforward.py FILE TICKS REDIS_URL DATABASE_URL`: says how long it took and
its candles; ends with 3 where redis or psycopg2 is not installed.
"""

import json
import sys
import time

try:
    import psycopg2
    import redis
except ImportError:
    sys.exit(3)

path, count, redis_url, database_url = sys.argv[1:]
STREAM = "straightforward"
UPSERT = """
  insert into straightforward values (%s, %s, %s, %s, %s, %s, %s)
  on conflict (symbol, t) do update set h = excluded.h, l = excluded.l,
    c = excluded.c, v = excluded.v"""

buffer = redis.Redis.from_url(redis_url)
database = psycopg2.connect(database_url)
database.autocommit = True
cursor = database.cursor()
cursor.execute(
    "create table straightforward (symbol text, t bigint, o float8, h float8,"
    " l float8, c float8, v float8, primary key (symbol, t))"
)

start = time.perf_counter()
with open(path) as lines:
    for _, line in zip(range(int(count)), lines):
        tick = json.loads(line)
        buffer.xadd(STREAM, tick)

candles = {}
last = "0"
while True:
    streams = buffer.xread({STREAM: last}, count=1_000)
    if not streams:
        break
    touched = {}
    for last, fields in streams[0][1]:
        price = float(fields[b"price"])
        volume = float(fields[b"volume"])
        ts = int(fields[b"ts"])
        key = (fields[b"symbol"].decode(), ts - ts % 60_000)
        candle = candles.get(key)
        if candle is None:
            candle = candles[key] = [price, price, price, price, 0.0]
        candle[1] = max(candle[1], price)
        candle[2] = min(candle[2], price)
        candle[3] = price
        candle[4] += volume
        touched[key] = candle
    for key, candle in touched.items():
        cursor.execute(UPSERT, (*key, *candle))
seconds = time.perf_counter() - start

cursor.execute("select * from straightforward")
print(json.dumps({"seconds": seconds, "candles": cursor.fetchall()}))
