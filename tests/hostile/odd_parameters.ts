import { OPERATIONS } from "../../web/operations.ts";
import type { Target } from "./attacks.ts";

/** What tools try that look for a way into a database, a kind of each. */
export const SQL_ATTEMPTS: readonly string[] = [
  "'",
  "'))",
  '"',
  "\\'",
  "' or '1'='1' -- ",
  "1 or 1=1",
  "1m' and 'a'='a",
  "1) union all select null,null,null from pg_user -- ",
  "' and 1=cast((select version()) as int) -- ",
  "1;select pg_sleep(60)",
  "'||(select pg_sleep(60))||'",
  "(select 1 from pg_sleep(60))",
  "'; drop table candles cascade; -- ",
  "$$;truncate candles;$$",
  "\u02bc or 1=1 -- ",
];

/** A value that each parameter would take. */
const GOOD: Readonly<Record<string, string>> = {
  from: "0",
  to: "60000",
  resolution: "1",
  query: "G",
};

export interface OddAnswers {
  readonly asked: number;
  /** Answers that are no plain refusal and no plain result. */
  readonly faults: readonly string[];
}

/** Asks everything that can be asked, with odd values for one parameter at a time. */
export async function askOddly(
  target: Target,
  symbol: string,
  values: readonly string[],
): Promise<OddAnswers> {
  const good = { ...GOOD, symbol, symbols: symbol };
  const faults: string[] = [];
  let asked = 0;
  for (const { method, path, query } of OPERATIONS) {
    if (method !== "GET" || path === "/api/stream") continue;
    const names = Object.keys(query.shape);
    const base = Object.entries(good).filter(([name]) => names.includes(name));
    for (const name of [...names, "__proto__"]) {
      await Promise.all(values.map(async (value) => {
        const given = new URLSearchParams([
          ...base.filter(([other]) => other !== name),
          [name, value],
        ]);
        const response = await fetch(`${target.http}${path}?${given}`, {
          headers: target.headers,
        });
        const text = await response.text();
        asked++;
        const said = /syntax error|unterminated|at or near/i.exec(text);
        if ([200, 304, 400, 404].includes(response.status) && said === null) {
          return;
        }
        faults.push(`${response.status} ${said} ${path} ${name}=${value}`);
      }));
    }
  }
  return { asked, faults };
}
