/**
 * Chart.js as the pages get it, with methods left out, on a canvas that only
 * counts: whatever our charts call of it must still be there.
 */
import assert from "node:assert/strict";
import { bundleModules } from "../harness/bundle_modules.ts";
import { withoutColors, withoutMethods } from "../../fresh/shakable.ts";

/** A canvas that takes every call, and counts them by name. */
function countingCanvas() {
  const calls = new Map<string, number>();
  const ctx: Record<PropertyKey, unknown> = new Proxy({}, {
    get: (target: Record<PropertyKey, unknown>, name) =>
      name in target ? target[name] : (..._: unknown[]) => {
        calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
        return { width: 10 };
      },
  });
  const canvas = {
    width: 800,
    height: 400,
    style: {},
    getContext: () => ctx,
    getAttribute: () => null,
  };
  ctx.canvas = canvas;
  return { canvas, calls };
}

Deno.test("a chart of the bundle draws, resizes and goes away", async () => {
  const files = await bundleModules({
    chartjs: "chart/chartjs.ts",
    scene: "chart/scene.ts",
  });
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    const { createChart } = await import(`file://${folder}/chartjs.js`);
    const { Scene } = await import(`file://${folder}/scene.js`);
    const scene = new Scene({ intervalMs: 60_000 });
    scene.setSize({ width: 800, height: 400, dpr: 1 });
    const candles = Array.from({ length: 300 }, (_, i) => ({
      t: i * 60_000,
      o: 100,
      h: 103,
      l: 98,
      c: 101,
      v: 5,
      closed: true,
    }));
    scene.setHistory(candles);
    scene.prepare(0);
    const { canvas, calls } = countingCanvas();
    const chart = createChart(canvas, scene);
    chart.update("none");
    const drawn = calls.get("fillRect") ?? 0;
    assert.ok(drawn > 200, `${drawn} boxes`);
    assert.ok((calls.get("fillText") ?? 0) > 5);
    chart.draw();
    assert.ok(calls.get("fillRect")! > drawn);
    scene.setSize({ width: 500, height: 300, dpr: 1 });
    scene.prepare(0);
    chart.resize(500, 300);
    assert.ok(chart.scales.y.width >= 48 && chart.scales.x.height === 28);
    chart.destroy();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("withoutMethods() takes out whole methods, and names one it cannot find", () => {
  const source = [
    "",
    "class A {",
    "    keep() {",
    "        return { a: 1 };",
    "    }",
    "    /** Why. */",
    " go(x) {",
    "        if (x) {",
    "        }",
    "    }",
    "}",
    "",
  ].join("\n");
  const shaken = withoutMethods(source, "class A {", ["go"]);
  assert.match(shaken, /keep\(\)/);
  assert.doesNotMatch(shaken, /go\(/);
  assert.equal(withoutMethods(source, "class B {", ["go"]), source);
  assert.throws(
    () => withoutMethods(source, "class A {", ["gone"]),
    /Cannot leave out gone as "class A \{" has no such method/,
  );
});

Deno.test("withoutColors() takes colours as they are", () => {
  const source = [
    "import { Color } from '@kurkle/color';",
    "const plain = (value) => new Color(value);",
    "const hover = (value) => new Color(value).saturate(0.5).hexString();",
  ].join("\n");
  assert.equal(
    withoutColors(source),
    "\nconst plain = (value) => value;\nconst hover = (value) => value;",
  );
});
