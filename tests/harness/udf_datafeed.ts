import assert from "node:assert/strict";

// deno-lint-ignore no-explicit-any
type Json = any;

export interface Bar {
  /** Unix milliseconds, as a chart has it. */
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** A mark on a bar, or below the time axis. */
export interface Mark {
  readonly id: string | number;
  /** Unix seconds. */
  readonly time: number;
  readonly color: string;
  readonly label: string;
  readonly text?: string;
  readonly tooltip?: readonly string[];
}

export interface Period {
  readonly from: number;
  readonly to: number;
  /** At least so many bars before `to`, as charts ask since version 21. */
  readonly countBack?: number;
}

/**
 * A client of TradingView's UDF protocol that knows nothing of Tickhouse: it
 * sends what the charting library's own datafeed sends, in its order and with
 * its parameters, takes a refusal in the body whatever the status, and holds
 * each answer to what the protocol's documentation says of it.
 */
export class UdfDatafeed {
  #config: Json = null;

  /** @param root Without a slash at its end. */
  constructor(private readonly root: string) {}

  async #send(path: string, query: Record<string, string | number> = {}) {
    const url = new URL(`${this.root}/${path}`);
    for (const [name, value] of Object.entries(query)) {
      url.searchParams.set(name, String(value));
    }
    const response = await fetch(url, { credentials: "same-origin" });
    return await response.text();
  }

  async #json(path: string, query?: Record<string, string | number>) {
    return JSON.parse(await this.#send(path, query));
  }

  /** Has to be first: what the server supports decides what is asked. */
  async ready(): Promise<Json> {
    const config = await this.#json("config");
    assert.equal(typeof config.supports_search, "boolean");
    assert.notEqual(
      config.supports_search,
      config.supports_group_request,
      "one way of finding symbols, not both",
    );
    for (const word of config.supported_resolutions) {
      assert.match(word, /^(\d+S|\d+|\d*[DWM])$/);
    }
    for (const { value, name, desc } of config.exchanges) {
      assert.deepEqual([value, name, desc].map((one) => typeof one), [
        "string",
        "string",
        "string",
      ]);
    }
    return this.#config = config;
  }

  /** The server's time in Unix seconds: a number as text, no JSON object. */
  async time(): Promise<number> {
    assert.equal(this.#config.supports_time, true);
    const text = await this.#send("time");
    assert.match(text, /^\d+$/);
    return Number(text);
  }

  async search(input: string, type = "", exchange = ""): Promise<Json[]> {
    const found = await this.#json("search", {
      limit: 30,
      query: input.toUpperCase(),
      type,
      exchange,
    });
    assert.ok(Array.isArray(found) && found.length <= 30);
    for (const one of found) {
      for (
        const key of ["symbol", "description", "exchange", "ticker", "type"]
      ) assert.equal(typeof one[key], "string", key);
    }
    return found;
  }

  /** @returns `null` if the server does not know it. */
  async resolve(symbol: string): Promise<Json | null> {
    const info = await this.#json("symbols", { symbol });
    if (info.s !== undefined) {
      assert.equal(info.s, "error");
      assert.equal(typeof info.errmsg, "string");
      return null;
    }
    for (
      const key of ["name", "ticker", "description", "type", "session"]
        .concat(["exchange", "listed_exchange", "timezone", "format"])
    ) assert.equal(typeof info[key], "string", key);
    assert.match(info.session, /^(24x7|[\d:,|;-]+)$/);
    assert.ok(Number.isInteger(info.minmov) && info.minmov > 0);
    assert.ok(Number.isInteger(Math.log10(info.pricescale)));
    for (const word of info.supported_resolutions) {
      assert.ok(this.#config.supported_resolutions.includes(word), word);
    }
    new Intl.DateTimeFormat("en", { timeZone: info.timezone });
    return info;
  }

  /** Bars of a period, and where the next ones before it are if there is none. */
  async bars(
    info: Json,
    resolution: string,
    { from, to, countBack }: Period,
  ): Promise<{ readonly bars: readonly Bar[]; readonly nextTime?: number }> {
    const answer = await this.#json("history", {
      symbol: info.ticker,
      resolution,
      from,
      to,
      ...countBack !== undefined && { countback: countBack },
      ...info.currency_code && { currencyCode: info.currency_code },
    });
    if (answer.s === "no_data") {
      assert.ok(answer.nextTime === undefined || answer.nextTime < from);
      return { bars: [], nextTime: answer.nextTime };
    }
    assert.equal(answer.s, "ok", answer.errmsg);
    const { t, o, h, l, c, v } = answer;
    for (const column of [o, h, l, c, v]) assert.equal(column.length, t.length);
    for (const [i, time] of t.entries()) {
      assert.ok(Number.isInteger(time) && time < to, "seconds, before `to`");
      assert.ok(countBack !== undefined || time >= from);
      if (i > 0) assert.ok(time > t[i - 1], "ascending, each once");
      assert.ok(l[i] <= Math.min(o[i], c[i]) && h[i] >= Math.max(o[i], c[i]));
    }
    if (countBack === undefined) assert.ok(t.length > 0, "no_data if nothing");
    return {
      bars: t.map((time: number, i: number) => ({
        time: time * 1_000,
        open: o[i],
        high: h[i],
        low: l[i],
        close: c[i],
        volume: v[i],
      })),
    };
  }

  marks(info: Json, resolution: string, period: Period): Promise<Mark[]> {
    assert.equal(this.#config.supports_marks, true);
    return this.#marks("marks", info, resolution, period);
  }

  timescaleMarks(
    info: Json,
    resolution: string,
    period: Period,
  ): Promise<Mark[]> {
    assert.equal(this.#config.supports_timescale_marks, true);
    return this.#marks("timescale_marks", info, resolution, period);
  }

  /** Marks come as rows, or as columns of which any may be one value for all. */
  async #marks(
    path: string,
    info: Json,
    resolution: string,
    { from, to }: Period,
  ): Promise<Mark[]> {
    const answer = await this.#json(path, {
      symbol: info.ticker,
      from,
      to,
      resolution,
    });
    const rows: Mark[] = Array.isArray(answer)
      ? answer
      : answer.id.map((_: unknown, i: number) =>
        Object.fromEntries(
          Object.entries(answer).map(([key, value]) => [
            key,
            Array.isArray(value) ? value[i] : value,
          ]),
        )
      );
    assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
    for (const { time, label, color } of rows) {
      assert.ok(Number.isInteger(time));
      assert.equal(label.length, 1);
      assert.equal(typeof color, "string");
    }
    return rows;
  }

  async quotes(symbols: readonly string[]): Promise<Json[]> {
    const answer = await this.#json("quotes", { symbols: symbols.join(",") });
    assert.equal(answer.s, "ok", answer.errmsg);
    assert.deepEqual(answer.d.map(({ n }: Json) => n), symbols);
    return answer.d;
  }
}
