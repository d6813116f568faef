"""The file of ticks folded by pandas.

`pandas_fold.py FILE`: says how long it took and its candles; ends with 3 where
pandas is not installed.
"""

import json
import sys
import time

try:
    import pandas
except ImportError:
    sys.exit(3)

start = time.perf_counter()
ticks = pandas.read_json(sys.argv[1], lines=True, convert_dates=False)
ticks["t"] = ticks["ts"] - ticks["ts"] % 60_000
candles = ticks.groupby(["symbol", "t"], sort=False).agg(
    o=("price", "first"),
    h=("price", "max"),
    l=("price", "min"),
    c=("price", "last"),
    v=("volume", "sum"),
)
seconds = time.perf_counter() - start
rows = candles.reset_index().values.tolist()
print(json.dumps({"seconds": seconds, "candles": rows}))
