import assert from "node:assert/strict";
import { packageFile } from "./package_exports.ts";

Deno.test("packageFile() takes the first condition that a browser meets", () => {
  const exports = {
    ".": { types: "./a.d.ts", node: "./node.js", browser: "./browser.js" },
    "./hooks": { require: "./hooks.cjs", import: { default: "./hooks.mjs" } },
    "./parts/*.js": "./dist/*.mjs",
    "./hidden": null,
  };
  assert.equal(packageFile({ exports }, "."), "./browser.js");
  assert.equal(packageFile({ exports }, "./hooks"), "./hooks.mjs");
  assert.equal(packageFile({ exports }, "./parts/a/b.js"), "./dist/a/b.mjs");
  assert.equal(packageFile({ exports }, "./hidden"), null);
  assert.equal(packageFile({ exports }, "./other"), null);
});

Deno.test("packageFile() reads exports that are one target", () => {
  assert.equal(packageFile({ exports: "./a.js" }, "."), "./a.js");
  assert.equal(packageFile({ exports: { import: "./a.js" } }, "."), "./a.js");
  assert.equal(packageFile({ exports: "./a.js" }, "./b"), null);
});

Deno.test("packageFile() knows the fields from before exports", () => {
  assert.equal(packageFile({ module: "m.js", main: "c.js" }, "."), "m.js");
  assert.equal(packageFile({ browser: "b.js", main: "c.js" }, "."), "b.js");
  assert.equal(packageFile({ main: "c.js" }, "./lib/x.js"), "./lib/x.js");
  assert.equal(packageFile({}, "."), "./index.js");
});
