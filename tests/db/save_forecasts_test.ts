import assert from "node:assert/strict";
import { DbError } from "../../db/db.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import type { Forecast } from "../../pipeline/domain/forecast.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { minuteOf, NOW, openServerWarehouse } from "./testing.ts";

const T = minuteOf(NOW);

function forecastOf(symbol: string): Forecast {
  return {
    symbol,
    interval: "1m",
    t: T,
    horizon: 1,
    model: "random-walk",
    order: [0, 1, 0],
    champion: true,
    madeAt: T,
    trainedThrough: T,
    position: "1-0",
    rev: 0,
    last: 100,
    open: 100,
    high: 101,
    low: 99,
    close: 100,
    se: 1e-3,
    lo50: 99.9,
    hi50: 100.1,
    lo80: 99.8,
    hi80: 100.2,
    lo95: 99.7,
    hi95: 100.3,
  };
}

await serverTest(
  "saveForecasts() gives up when its time is over, and stores nothing of it",
  { PostgreSQL: findPostgres },
  async () => {
    const postgres = await startPostgres();
    try {
      const warehouse = await openServerWarehouse(
        await postgres.createDatabase(),
      );
      const { db, forecasts, instruments } = warehouse;
      const scales = { priceScale: 2, sizeScale: 0 };
      const [a, b] = [warehouse.symbol(), warehouse.symbol()];
      await instruments.upsert([autoSpec(a, scales), autoSpec(b, scales)]);
      const saved = async (symbol: string) =>
        (await forecasts.forecasts({ symbol, limit: 9 })).length;

      await forecasts.saveForecasts([forecastOf(a)], 4_000);
      assert.equal(await saved(a), 1);

      const holding = db.batch([
        { sql: "lock table forecasts in exclusive mode" },
        { sql: "select pg_sleep(1.5)" },
      ]);
      for (let locks = 0; locks === 0;) {
        [{ locks }] = await db.query<{ locks: number }>(
          `select count(*)::int as locks from pg_locks
            where relation = 'forecasts'::regclass
              and mode = 'ExclusiveLock' and granted`,
        );
      }
      await assert.rejects(
        forecasts.saveForecasts([forecastOf(b)], 50),
        (error) => error instanceof DbError && error.code === "57014",
      );
      await holding;
      assert.equal(await saved(b), 0);
      await forecasts.saveForecasts([forecastOf(b)]);
      assert.equal(await saved(b), 1);
      await warehouse.close();
    } finally {
      await postgres.close();
    }
  },
);
