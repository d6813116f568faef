import assert from "node:assert/strict";
import { render } from "preact-render-to-string";
import { Sparkline } from "./sparkline.tsx";

Deno.test("Sparkline colours by the base it is compared with", () => {
  const rising = render(<Sparkline values={[1, 3, 2]} />);
  const falling = render(<Sparkline values={[1, 3, 2]} base={2.5} />);
  assert.ok(rising.includes("tc-spark-up"));
  assert.ok(falling.includes("tc-spark-down"));
  assert.ok(!render(<Sparkline values={[]} />).includes("NaN"));
});
