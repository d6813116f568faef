import assert from "node:assert/strict";
import fc from "fast-check";
import { numberArray, textArray } from "../../db/sql_values.ts";
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

  test("textArray() takes any text, or none", async () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom('"', "\\", ",", "{", "}", "NULL", "\0", "\n", "é"),
        fc.string({ minLength: 1, maxLength: 1 }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.array(text),
          fc.array(fc.option(text)),
          fc.array(text.map((value) => value.replaceAll("\0", ""))),
        ),
        async (values) => {
          const rows = await db.query(
            `select v from unnest(($1::text)::text[]) with ordinality as u(v, i)
              order by i`,
            [textArray(values)],
          );
          assert.deepEqual(
            rows.map(({ v }) => v),
            values.map((value) => value?.replaceAll("\0", "\ufffd") ?? null),
          );
        },
      ),
      { numRuns: 50 },
    );
  });
});
