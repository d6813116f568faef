/** The UDF protocol as a charting front end speaks it, over a socket. */
import assert from "node:assert/strict";
import {
  fromMillis,
  MICROS_PER_SECOND,
  toMillis,
} from "../../pipeline/domain/time.ts";
import { createApp } from "../../web/create_app.ts";
import { serveHttp } from "../../web/serve_http.ts";
import { type Bar, UdfDatafeed } from "../harness/udf_datafeed.ts";
import {
  candle,
  type FakeData,
  fakeData,
  fakeServices,
  minutesAgo,
  NOW,
  signal,
} from "./fake_services.ts";

/** Runs a front end against a server with these data. */
async function withFrontEnd(
  data: FakeData,
  use: (datafeed: UdfDatafeed) => Promise<void>,
): Promise<void> {
  const services = await fakeServices({}, data);
  const server = await serveHttp(createApp(() => services).handler(), {
    host: "127.0.0.1",
    port: 0,
  });
  try {
    const datafeed = new UdfDatafeed(`${server.url}/udf`);
    await datafeed.ready();
    await use(datafeed);
  } finally {
    await server.close();
  }
}

const seconds = (t: number) => t / MICROS_PER_SECOND;

Deno.test("a front end finds a symbol, and shows all of its history", async () => {
  const data = fakeData();
  // A hole of hours, which it has to step over.
  data.candles.push(
    ...[500, 499, 498].map((n) => candle("NIFTY50", minutesAgo(n))),
  );
  await withFrontEnd(data, async (datafeed) => {
    assert.equal(await datafeed.time(), Math.floor(seconds(NOW)));
    const [found] = await datafeed.search("nifty");
    assert.equal(found.symbol, "NIFTY50");
    const info = await datafeed.resolve(found.ticker);
    assert.deepEqual([info.pricescale, info.minmov], [100, 5]);
    assert.equal((await datafeed.resolve("TEST:NIFTY50")).name, "NIFTY50");

    const all: Bar[] = [];
    let to = await datafeed.time() + 60;
    for (;;) {
      const period = { from: to - 240, to };
      const { bars, nextTime } = await datafeed.bars(info, "1", period);
      all.unshift(...bars);
      if (bars.length > 0) to = period.from;
      else if (nextTime === undefined) break;
      else to = nextTime + 1;
    }
    const stored = data.candles.filter(({ symbol }) => symbol === "NIFTY50")
      .map(({ t }) => toMillis(t)).sort((a, b) => a - b);
    assert.deepEqual(all.map(({ time }) => time), stored);
    const { open, high, low, close, volume } = all[0];
    assert.deepEqual([open, high, low, close, volume], [
      100,
      101,
      99.5,
      100.5,
      12,
    ]);
    // The same in one go, counted back from the end.
    const end = await datafeed.time() + 60;
    const counted = await datafeed.bars(info, "1", {
      from: end - 60,
      to: end,
      countBack: stored.length,
    });
    assert.deepEqual(counted.bars, all);
  });
});

Deno.test("a front end shows signals on bars, and what feeds missed below", async () => {
  const data = fakeData();
  data.signals = [
    signal("NIFTY50", minutesAgo(7), "BUY"),
    signal("NIFTY50", minutesAgo(2), "SELL"),
  ];
  await withFrontEnd(data, async (datafeed) => {
    const info = await datafeed.resolve("NIFTY50");
    const period = { from: seconds(minutesAgo(60)), to: seconds(NOW) | 0 };
    for (const resolution of ["1", "5"]) {
      const marks = await datafeed.marks(info, resolution, period);
      assert.deepEqual(marks.map(({ label }) => label), ["B", "S"]);
      const { bars } = await datafeed.bars(info, "1", period);
      const step = Number(resolution) * 60;
      const times = bars.map(({ time }) =>
        Math.floor(time / 1_000 / step) * step
      );
      // A chart drops a mark whose time is no bar's.
      for (const { time } of marks) assert.ok(times.includes(time), `${time}`);
    }
    await datafeed.timescaleMarks(info, "1", period);
  });
});

Deno.test("a front end is told what there is not", async () => {
  await withFrontEnd(fakeData(), async (datafeed) => {
    assert.equal(await datafeed.resolve("NOBODY"), null);
    assert.deepEqual(await datafeed.search("nothing-like-it"), []);
    const info = await datafeed.resolve("NIFTY50");
    const before = { from: 1_000_000_000, to: 1_000_003_600 };
    assert.deepEqual(await datafeed.bars(info, "1", before), {
      bars: [],
      nextTime: undefined,
    });
    const [known, unknown] = await datafeed.quotes(["NIFTY50", "NOBODY"]);
    assert.deepEqual([known.s, known.v.lp], ["ok", 100.5]);
    assert.equal(unknown.s, "error");
  });
});

Deno.test("a front end that watches a symbol gets its newest bar, and the next", async () => {
  const data = fakeData();
  await withFrontEnd(data, async (datafeed) => {
    const info = await datafeed.resolve("NIFTY50");
    // As it polls: the last ten bars, each some seconds.
    const poll = async () => {
      const to = await datafeed.time() + 120;
      const { bars } = await datafeed.bars(info, "1", { from: to - 600, to });
      return bars.at(-1)!.time;
    };
    const newest = await poll();
    const next = fromMillis(newest + 60_000);
    data.candles.push(candle("NIFTY50", next));
    assert.equal(await poll(), newest + 60_000);
  });
});
