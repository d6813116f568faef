import type { ProgramApi } from "./program_api.ts";

type Api = Pick<ProgramApi, "json">;
type Query = Readonly<Record<string, string | number>>;

/** Rows of one time after the other. */
export interface Page {
  readonly rows: readonly { readonly t: number }[];
  readonly minutesWithoutTicks: number;
}

type Rows = Page["rows"];

/** Candles, page by page, as their cursors lead. */
export async function* candlePages(
  api: Api,
  query: Query,
): AsyncGenerator<Page> {
  let cursor: string | null = null;
  do {
    const answer: {
      readonly candles: Rows;
      readonly next: string | null;
      readonly minutes_without_ticks?: number;
    } = await api.json("/api/candles", {
      ...query,
      ...cursor !== null && { cursor },
    });
    yield {
      rows: answer.candles,
      minutesWithoutTicks: answer.minutes_without_ticks ?? 0,
    };
    cursor = answer.next;
  } while (cursor !== null);
}

/**
 * Forecasts or signals, page by page. A full page may end within a minute,
 * which the next one then begins with.
 */
export async function* minutePages(
  api: Api,
  what: "forecasts" | "signals",
  query: Query & { readonly from: number; readonly limit: number },
): AsyncGenerator<Page> {
  for (let { from } = query;;) {
    const answer: Readonly<Record<typeof what, Rows>> = await api.json(
      `/api/${what}`,
      { ...query, from },
    );
    const rows = answer[what];
    const last = rows.at(-1)?.t;
    if (last === undefined || rows.length < query.limit) {
      yield { rows, minutesWithoutTicks: 0 };
      return;
    }
    const whole = rows.filter(({ t }) => t < last);
    if (whole.length === 0) {
      throw new Error(
        `Cannot export ${what} as one minute has ${query.limit} or more`,
      );
    }
    yield { rows: whole, minutesWithoutTicks: 0 };
    from = last;
  }
}
