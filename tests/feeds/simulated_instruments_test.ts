import assert from "node:assert/strict";
import { parseScaled } from "../../pipeline/domain/decimal.ts";
import { DEFAULT_MODELS } from "../../pipeline/feeds/simulator_model.ts";

Deno.test("the simulator's prices fit its instrument file", async () => {
  const instruments = JSON.parse(
    await Deno.readTextFile("markets/instruments/simulated.json"),
  );
  assert.deepEqual(
    instruments.map(({ symbol }: { symbol: string }) => symbol),
    DEFAULT_MODELS.map(({ symbol }) => symbol),
  );
  for (const [i, model] of DEFAULT_MODELS.entries()) {
    const { name, note, priceScale, tickSize, calendar } = instruments[i];
    assert.equal(priceScale, model.priceScale);
    assert.equal(parseScaled(tickSize, priceScale), model.tickUnits);
    assert.equal(calendar, "24x7");
    assert.match(name, / \(simulated\)$/);
    // A price that can be foreseen is never kept from the user.
    assert.equal(note !== null, model.phi !== 0);
  }
});
