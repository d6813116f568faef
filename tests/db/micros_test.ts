import assert from "node:assert/strict";
import fc from "fast-check";
import { numberArray } from "../../db/sql_values.ts";
import { onAllDatabases } from "./testing.ts";

/** 1900 to 2100. */
const micros = fc.integer({
  min: -2_208_988_800_000_000,
  max: 4_102_444_800_000_000,
});

await onAllDatabases(({ db }, test) => {
  test("to_micros() is exact to the microsecond", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(micros, { minLength: 200, maxLength: 200 }),
        async (times) => {
          const rows = await db.query(
            `select to_micros(from_micros(t))::float8 as t
              from unnest(($1::text)::int8[]) with ordinality as u(t, i)
              order by i`,
            [numberArray(times)],
          );
          assert.deepEqual(rows.map(({ t }) => t), times);
        },
      ),
      { numRuns: 20 },
    );
  });
});
