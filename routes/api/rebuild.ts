import { z } from "zod";
import {
  epochMicros,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
  toMillis,
} from "../../pipeline/domain/time.ts";
import { define } from "../../web/define.ts";
import { liveJson } from "../../web/etag_response.ts";
import { badParameters, unknownSymbol } from "../../web/problem.ts";
import {
  checkRange,
  findInstrument,
  readQuery,
  symbolParameter,
  timeParameter,
} from "../../web/read_query.ts";
import { askTicks } from "../../web/tick_problems.ts";

const DAYS_MAX = 31;

const query = z.object({
  symbol: symbolParameter,
  from: timeParameter,
  to: timeParameter,
});

/** Makes minutes anew from their ticks and tells which differ; reads only. */
export const handler = define.handlers({
  async GET(ctx) {
    const { services } = ctx.state;
    const { symbol, ...given } = readQuery(query, ctx.url.searchParams);
    findInstrument(services.catalog, symbol);
    checkRange(given);
    const whole = (t: number) => t / MICROS_PER_MINUTE;
    const from = epochMicros(Math.floor(whole(given.from)) * MICROS_PER_MINUTE);
    const to = epochMicros(Math.ceil(whole(given.to)) * MICROS_PER_MINUTE);
    if (to - from > DAYS_MAX * MICROS_PER_DAY) {
      throw badParameters([{
        parameter: "to",
        value: ctx.url.searchParams.get("to"),
        expected: `at most ${DAYS_MAX} days after from`,
      }]);
    }
    const report = await askTicks(
      services,
      (ticks) => ticks.check({ symbol, from, to, signal: ctx.req.signal }),
    );
    if (report === null) throw unknownSymbol(symbol);
    return liveJson({
      symbol,
      from: toMillis(from),
      to: toMillis(to),
      compared: report.equal + report.different,
      equal: report.equal,
      different: report.different,
      without_ticks: report.withoutTicks,
      imported: report.imported,
      differences: report.differences.map(({ t, ...difference }) => ({
        t: toMillis(t),
        ...difference,
      })),
    });
  },
});
