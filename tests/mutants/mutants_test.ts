import assert from "node:assert/strict";
import { MUTANTS, SUITES } from "./mutants.ts";
import { SourceCopy } from "./source_copy.ts";

const RAN = /(\d+) passed.*\| (\d+) failed/;

Deno.test("every guarantee that is taken out is missed by a test", async (t) => {
  await using copy = await SourceCopy.make();
  for (const suite of SUITES) {
    await t.step(`${suite.name}: passes with the source as it is`, async () => {
      const { passed, output } = await copy.run(suite);
      assert.ok(passed && Number(RAN.exec(output)?.[1]) > 0, output);
    });
  }
  for (const { name, meaning, patches, suite } of MUTANTS) {
    await t.step(`${name}: ${meaning}: fails ${suite.name}`, async () => {
      const undo = await copy.patch(patches);
      try {
        const { passed, output } = await copy.run(suite);
        assert.ok(!passed, `${name} survives ${suite.name}`);
        // It must fail a test, and not fail to run.
        assert.ok(Number(RAN.exec(output)?.[2]) > 0, output);
      } finally {
        await undo();
      }
    });
  }
});
