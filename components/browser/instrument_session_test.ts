import assert from "node:assert/strict";
import type { CandleView } from "../../pipeline/domain/candle.ts";
import type { CandleChart, ChartCandle } from "../../chart/types.ts";
import type { InstrumentPage } from "../instrument_state.ts";
import { requestScores } from "./instrument_requests.ts";
import { InstrumentSession } from "./instrument_session.ts";
import { seededRandom } from "../../pipeline/forecast/testing/make_candles.ts";

const MINUTE = 60_000;
const START = 1_700_000_040_000;
const FEED = { symbol: "A", status: "live", session: "open" };

/** A stream that a test opens, breaks and speaks through. */
class FakeSource extends EventTarget {
  static readonly OPEN = 1;
  static newest: FakeSource;
  onopen = () => {};
  onerror = () => {};
  readyState = 0;

  constructor(readonly url: string) {
    super();
    FakeSource.newest = this;
  }

  tell(name: string, data: unknown): void {
    const event = Object.assign(new Event(name), {
      data: JSON.stringify(data),
    });
    this.dispatchEvent(event);
  }

  close(): void {
    this.readyState = 2;
  }
}

/** What the server has: candles, and the events that told of them. */
class FakeServer {
  readonly candles = new Map<number, CandleView>();
  readonly events: { name: string; candle: CandleView }[] = [];

  change(name: string, candle: CandleView): void {
    this.candles.set(candle.t, candle);
    this.events.push({ name, candle });
  }

  all(): CandleView[] {
    return [...this.candles.values()].sort((a, b) => a.t - b.t);
  }

  answer(path: string): unknown {
    const query = new URL(path, "http://a").searchParams;
    if (!path.startsWith("/api/candles")) return { gaps: [], forecasts: [] };
    const from = Number(query.get("from") ?? 0);
    const to = Number(query.get("to") ?? Infinity);
    const limit = Number(query.get("limit"));
    const found = this.all().filter(({ t }) => t >= from && t < to);
    return {
      candles: query.has("from") ? found.slice(0, limit) : found.slice(-limit),
      next: found.length > limit ? "more" : null,
    };
  }

  snapshot(history: number): unknown {
    const all = this.all();
    return {
      at: Date.now(),
      symbols: [{
        symbol: "A",
        candles: [{
          interval: "1m",
          closed: all.filter(({ closed }) => closed).slice(-history),
          forming: all.at(-1)!.closed ? null : all.at(-1),
        }],
        forecasts: [],
        signals: [],
        feed: FEED,
      }],
    };
  }
}

/** As the real one takes candles: what is given wins over what is held. */
function fakeChart() {
  const held = new Map<number, ChartCandle>();
  const aside: ChartCandle[] = [];
  const put = (candle: ChartCandle) => held.set(candle.t, candle);
  const chart = {
    upsert: put,
    addHistory: (more: readonly ChartCandle[]) => more.forEach(put),
    setHistory: (all: readonly ChartCandle[], newest?: ChartCandle) => {
      held.clear();
      all.forEach(put);
      if (newest !== undefined) aside.push(newest);
    },
    setInterval() {},
    setForecasts() {},
    setMarks() {},
    setOutages() {},
    setSessions() {},
  } as unknown as CandleChart;
  return { held, aside, chart };
}

const candleOf = (i: number, given: Partial<CandleView> = {}): CandleView => ({
  t: START + i * MINUTE,
  o: 1,
  h: 2,
  l: 0.5,
  c: 1,
  v: 1,
  n: 1,
  vw: 1,
  closed: true,
  rev: 0,
  complete: true,
  coverage_ms: MINUTE,
  closed_by: "watermark",
  ...given,
});

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** One page through many cuts; returns what its chart and the server have. */
async function throughCuts(seed: number) {
  const random = seededRandom(seed);
  const server = new FakeServer();
  for (let i = 0; i < 300; i++) server.change("candle.closed", candleOf(i));
  server.change("candle", candleOf(300, { closed: false }));
  const real = {
    fetch: globalThis.fetch,
    EventSource: globalThis.EventSource,
  };
  const asked: Promise<void>[] = [];
  Object.assign(globalThis, {
    EventSource: FakeSource,
    document: { hidden: true },
    fetch: (path: string) => {
      // Answered as of now, and heard of some turns later.
      const body = JSON.stringify(server.answer(path));
      const late = (async () => {
        for (let i = random() * 4; i > 0; i--) await turn();
      })();
      asked.push(late);
      return late.then(() => new Response(body));
    },
  });
  try {
    const state = {
      candles: server.all().slice(-150),
      minute: null,
      change: null,
      forecasts: [],
      models: [],
      signals: [],
      feed: FEED,
      quality: null,
      reliability: null,
    };
    const session = new InstrumentSession(
      {
        instrument: { symbol: "A" },
        interval: "1m",
        state,
      } as unknown as InstrumentPage,
    );
    const { held, chart } = fakeChart();
    session.mountChart(chart, null);
    const close = session.open();
    let newest = 300;
    let told = server.events.length;
    const tellRest = () => {
      for (; told < server.events.length; told++) {
        const { name, candle } = server.events[told];
        FakeSource.newest.tell(name, { symbol: "A", interval: "1m", candle });
      }
    };
    const happen = () => {
      const forming = server.candles.get(START + newest * MINUTE)!;
      const dice = random();
      if (dice < 0.5) {
        server.change("candle", { ...forming, n: forming.n + 1, c: dice });
      } else if (dice < 0.8) {
        server.change("candle.closed", { ...forming, closed: true });
        newest++;
        server.change("candle", candleOf(newest, { closed: false, o: dice }));
      } else {
        const back = Math.floor(random() * random() * newest);
        const old = server.candles.get(START + (newest - 1 - back) * MINUTE)!;
        const revised = { ...old, rev: old.rev + 1, h: 2 + dice };
        server.change("candle.revised", revised);
      }
    };
    FakeSource.newest.onopen();
    FakeSource.newest.tell("snapshot", server.snapshot(200));
    told = server.events.length;
    for (let cut = 0; cut < 20; cut++) {
      for (let i = random() * 20; i > 0; i--) {
        happen();
        if (random() < 0.8) tellRest();
        if (random() < 0.1) {
          asked.push(session.loadOlder(session.chart.oldest).catch(() => {}));
        }
        if (random() < 0.3) await turn();
      }
      FakeSource.newest.onerror();
      const away = random() < 0.3 ? 700 : random() * 30;
      for (let i = 0; i < away; i++) happen();
      FakeSource.newest.onopen();
      if (random() < 0.5) {
        // The same connection again: what was missed, and some of it twice.
        told -= Math.min(told, Math.floor(random() * 5));
        tellRest();
      } else {
        FakeSource.newest.tell("snapshot", server.snapshot(200));
        told = server.events.length;
      }
    }
    tellRest();
    while (asked.length > 0) await Promise.all(asked.splice(0));
    await turn();
    close();
    return { held, server, session };
  } finally {
    Object.assign(globalThis, real);
    Reflect.deleteProperty(globalThis, "document");
  }
}

Deno.test("through cuts and loads the chart keeps what the server has, without a hole", async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const { held, server, session } = await throughCuts(seed);
    const first = Math.min(...held.keys());
    const wanted = server.all().filter(({ t }) => t >= first);
    assert.equal(held.size, wanted.length, `seed ${seed}: no hole`);
    for (const { t, o, h, c, closed } of wanted) {
      const shown = held.get(t)!;
      assert.deepEqual(
        [shown.o, shown.h, shown.c, shown.closed],
        [o, h, c, closed],
        `seed ${seed}, candle ${(t - START) / MINUTE}`,
      );
    }
    assert.deepEqual(
      session.state.candles,
      wanted.slice(-session.state.candles.length),
      `seed ${seed}: the table`,
    );
  }
});

/** What is asked for and answered by turns, as a test says. */
async function withAnswers(
  answer: (path: string) => Promise<Response>,
  test: () => Promise<void>,
): Promise<void> {
  const { fetch } = globalThis;
  Object.assign(globalThis, { fetch: answer });
  try {
    await test();
  } finally {
    Object.assign(globalThis, { fetch });
  }
}

function sessionOf(server: FakeServer): InstrumentSession {
  const state = {
    candles: server.all().slice(-150),
    forecasts: [],
    signals: [],
  };
  const page = { instrument: { symbol: "A" }, interval: "1m", state };
  return new InstrumentSession(page as unknown as InstrumentPage);
}

function serverOf(count: number): FakeServer {
  const server = new FakeServer();
  for (let i = 0; i < count; i++) server.change("candle.closed", candleOf(i));
  return server;
}

const LINK = { slots: 20, toT: START + 40 * MINUTE };

Deno.test("a chart is empty until what its link shows has come, though nobody has opened the session", async () => {
  const server = serverOf(300);
  const session = sessionOf(server);
  const { held, chart } = fakeChart();
  const seen: number[] = [];
  const answer = (path: string) => {
    if (path.startsWith("/api/candles")) seen.push(held.size);
    return Promise.resolve(new Response(JSON.stringify(server.answer(path))));
  };
  await withAnswers(answer, async () => {
    const shown = new Promise((resolve) =>
      session.watch(() => resolve(held.size))
    );
    session.mountChart(chart, LINK);
    await shown;
  });
  assert.deepEqual(seen, [0, 0]);
  // Twice as many as are seen, and all from there to the newest.
  const [first, ...rest] = [...held.keys()].sort((a, b) => a - b);
  assert.equal(first, START + MINUTE);
  assert.equal(rest.length, 298);
  assert.equal(session.failure, null);
});

Deno.test("of a link far back the chart holds what is around it, and goes on from there", async () => {
  const server = serverOf(9_000);
  const session = sessionOf(server);
  const { held, aside, chart } = fakeChart();
  const answer = (path: string) =>
    Promise.resolve(new Response(JSON.stringify(server.answer(path))));
  const times = () => [...held.keys()].map((t) => (t - START) / MINUTE);
  await withAnswers(answer, async () => {
    session.mountChart(chart, LINK);
    while (held.size === 0) await turn();
    assert.deepEqual(
      times().sort((a, b) => a - b),
      Array.from({ length: 5_040 }, (_, i) => i + 1),
    );
    assert.deepEqual(aside.map(({ t }) => t), [START + 8_999 * MINUTE]);
    await session.loadNewer(START + 5_040 * MINUTE);
    assert.equal(Math.max(...times()), 5_539);
  });
  // What stands beside the chart is of the newest, without a hole.
  assert.deepEqual(session.state.candles, server.all().slice(-150));
});

Deno.test("the newest candles are shown when those of a link cannot be had, and why", async () => {
  const server = serverOf(300);
  const session = sessionOf(server);
  const { held, chart } = fakeChart();
  const problem = { detail: "The warehouse is not reached" };
  const answer = () =>
    Promise.resolve(new Response(JSON.stringify(problem), { status: 503 }));
  await withAnswers(answer, async () => {
    session.mountChart(chart, LINK);
    while (held.size === 0) await Promise.resolve();
  });
  assert.equal(held.size, 150);
  assert.equal(
    session.failure,
    "Cannot load the candles of this link: The warehouse is not reached",
  );
});

Deno.test("what a price has changed from is asked for again, as a page stays open all day", async () => {
  const server = serverOf(10);
  const change = { abs: 1, pct: 1, reference: 99, basis: "24h", since: START };
  const answers: Record<string, unknown> = {
    "/api/instruments": { instruments: [{ symbol: "A", change }] },
    "/api/models": { models: [] },
    "/api/signals": { signals: [] },
  };
  const answer = (path: string) =>
    Promise.resolve(
      Response.json(answers[path.split("?")[0]] ?? server.answer(path)),
    );
  await withAnswers(answer, async () => {
    const { change: shown } = (await requestScores("A", undefined)).records;
    assert.deepEqual(shown, change);
  });
});

Deno.test("a link to candles that the page has needs no answer", () => {
  const server = serverOf(300);
  const { held, chart } = fakeChart();
  sessionOf(server).mountChart(chart, {
    slots: 20,
    toT: START + 290 * MINUTE,
  });
  assert.equal(held.size, 150);
});
