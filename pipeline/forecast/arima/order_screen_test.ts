import assert from "node:assert/strict";
import { simulateArma } from "../testing/simulate_arma.ts";
import { OrderScreen } from "./order_screen.ts";

function near(got: Float64Array, wanted: readonly number[], within: number) {
  assert.equal(got.length, wanted.length);
  got.forEach((x, i) =>
    assert.ok(Math.abs(x - wanted[i]) < within, `${got} is not ${wanted}`)
  );
}

Deno.test("OrderScreen finds about what a series was made of, at every order", () => {
  const z = simulateArma({ n: 5_000, seed: 1, phi: [0.6, -0.3], theta: [0.4] });
  const screen = new OrderScreen(z, [5, 5, 0, 0], 0);
  const right = new Float64Array(3);
  screen.estimate([2, 1, 0, 0], right);
  near(right, [0.6, -0.3, 0.4], 0.08);
  const ar = new Float64Array(1);
  screen.estimate([1, 0, 0, 0], ar);
  assert.ok(ar[0] > 0.5 && ar[0] < 0.8, String(ar));
  const none = new Float64Array(0);
  screen.estimate([0, 0, 0, 0], none);
});

Deno.test("OrderScreen gives an order the same, whatever the grid", () => {
  const z = simulateArma({ n: 200, seed: 2, theta: [0.5, 0.2] });
  const [small, large] = [[1, 2, 0, 0], [5, 5, 0, 0]] as const;
  const estimates = [small, large].map((limits) => {
    const out = new Float64Array(3);
    new OrderScreen(z, limits, 0).estimate([1, 2, 0, 0], out);
    return out;
  });
  near(estimates[0], [...estimates[1]], 1e-9);
});

Deno.test("OrderScreen finds seasonal terms", () => {
  const phi = new Array(12).fill(0);
  phi[11] = 0.6;
  const z = simulateArma({ n: 3_000, seed: 3, phi, theta: [0.4] });
  const out = new Float64Array(2);
  new OrderScreen(z, [2, 2, 1, 1], 12).estimate([0, 1, 1, 0], out);
  near(out, [0.4, 0.6], 0.08);
});

Deno.test("OrderScreen is 0 where its equations have no solution", () => {
  const out = Float64Array.of(9, 9, 9);
  new OrderScreen(new Float64Array(50), [3, 3, 0, 0], 0)
    .estimate([2, 1, 0, 0], out);
  near(out, [0, 0, 0], 1e-300);
});
