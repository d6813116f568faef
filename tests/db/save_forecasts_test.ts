import assert from "node:assert/strict";
import { Client } from "pg";
import { DbError } from "../../db/db.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { forecastOf, openServerWarehouse } from "./testing.ts";

serverTest(
  "saveForecasts() gives up when its time is over, and stores nothing of it",
  { PostgreSQL: findPostgres },
  async () => {
    const postgres = await startPostgres();
    try {
      const url = await postgres.createDatabase();
      const warehouse = await openServerWarehouse(url);
      const { forecasts, instruments } = warehouse;
      const scales = { priceScale: 2, sizeScale: 0 };
      const [a, b] = [warehouse.symbol(), warehouse.symbol()];
      await instruments.upsert([autoSpec(a, scales), autoSpec(b, scales)]);
      const saved = async (symbol: string) =>
        (await forecasts.forecasts({ symbol, limit: 9 })).length;

      await forecasts.saveForecasts([forecastOf(a)], 4_000);
      assert.equal(await saved(a), 1);

      const locker = new Client({ connectionString: url });
      await locker.connect();
      try {
        await locker.query("begin");
        await locker.query("lock table forecasts in exclusive mode");
        await assert.rejects(
          forecasts.saveForecasts([forecastOf(b)], 50),
          (error) => error instanceof DbError && error.code === "57014",
        );
      } finally {
        await locker.end();
      }
      assert.equal(await saved(b), 0);
      await forecasts.saveForecasts([forecastOf(b)]);
      assert.equal(await saved(b), 1);
      await warehouse.close();
    } finally {
      await postgres.close();
    }
  },
);
