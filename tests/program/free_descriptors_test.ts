import assert from "node:assert/strict";
import {
  connectionsThatFit,
  descriptorsWanted,
  freeDescriptors,
} from "../../program/free_descriptors.ts";

Deno.test("freeDescriptors() counts what is free up to a bound, and keeps none", () => {
  const file = new URL(import.meta.url);
  assert.equal(freeDescriptors(file, 20), 20);
  assert.equal(freeDescriptors(file, 0), 0);
});

Deno.test("freeDescriptors() is not silent of a file that is not there", () => {
  assert.throws(
    () => freeDescriptors(new URL("./nowhere", import.meta.url), 1),
    Deno.errors.NotFound,
  );
});

Deno.test("freeDescriptors() stops where the system does", async () => {
  const script = `import { freeDescriptors } from "${new URL(
    "../../program/free_descriptors.ts",
    import.meta.url,
  )}"; console.log(freeDescriptors(new URL("file:///dev/null"), 10_000));`;
  const { stdout } = await new Deno.Command("sh", {
    args: [
      "-c",
      'ulimit -n 200 && exec "$@"',
      "sh",
      Deno.execPath(),
      "eval",
      script,
    ],
  }).output();
  const free = Number(new TextDecoder().decode(stdout));
  assert.ok(free > 50 && free < 200, String(free));
});

Deno.test("connectionsThatFit() leaves feeds and stores their part", () => {
  assert.equal(connectionsThatFit(1_000, 64, 100_000), 1_000);
  assert.equal(
    connectionsThatFit(1_000, 64, descriptorsWanted(1_000, 64)),
    1_000,
  );
  assert.equal(connectionsThatFit(1_000, 64, 852), 500);
  assert.equal(connectionsThatFit(1_000, 64, 100), 16);
});
