import assert from "node:assert/strict";
import { App, staticFiles } from "fresh";
import { asset } from "fresh/runtime";
import {
  islandBundle,
  LateBundleError,
  readBundle,
  useBundle,
  writeBundle,
} from "../../fresh/bundle.ts";
import { setBundleCacheDir } from "../../fresh/bundle_cache.ts";
import { loadProject, setProjectRoot } from "../../fresh/project.ts";

const fixture = new URL("./fixture/", import.meta.url);

async function withFolder(run: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    setBundleCacheDir(null);
    await Deno.remove(folder, { recursive: true });
  }
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("islandBundle() splits the code and leaves no import in it", async () => {
  setProjectRoot(fixture);
  const files = await islandBundle();
  const names = [...files.keys()];
  for (
    const name of [
      "boot.js",
      "islands_Counter.js",
      "islands_inner_Deep.js",
      "routes_islands_Local.js",
    ]
  ) assert.ok(names.includes(name), `${name} is in ${names}`);
  for (const [name, { bytes }] of files) {
    const text = textOf(bytes);
    for (const [, from] of text.matchAll(/\bfrom\s*"([^"]+)"/g)) {
      assert.ok(names.includes(from.replace("./", "")), `${name} has ${from}`);
    }
    assert.doesNotMatch(text, /node:/);
  }
  const counter = files.get("islands_Counter.js")!;
  assert.ok(counter.bytes.length < 2_000, "Preact is in a chunk of its own");
});

Deno.test("the code is served as immutable under the build's id", async () => {
  setProjectRoot(fixture);
  const handler = new App().use(staticFiles()).fsRoutes().handler();
  const ask = (path: string) => handler(new Request("http://localhost" + path));
  const { buildId } = await loadProject();
  const own = await ask(`/_fresh/js/${buildId}/boot.js`);
  assert.equal(own.status, 200);
  assert.match(own.headers.get("Content-Type")!, /^text\/javascript/);
  assert.match(own.headers.get("Cache-Control")!, /immutable/);
  assert.equal((await ask("/_fresh/js/other/boot.js")).status, 404);
  assert.equal((await ask(`/_fresh/js/${buildId}/no.js`)).status, 404);
  assert.equal(asset("/style.css"), `/style.css?__frsh_c=${buildId}`);
});

Deno.test("islandBundle() names the island and the import that it cannot bundle", async () => {
  setProjectRoot(new URL("./bad_fixture/", import.meta.url));
  await assert.rejects(
    islandBundle(),
    /islands\/Bad\.tsx .*"node:fs" through .*lib\/read\.ts/,
  );
});

Deno.test("islandBundle() bundles again after it was late, not what cannot be bundled", async () => {
  setProjectRoot(fixture);
  let asked = 0;
  await useBundle(() => {
    asked++;
    return asked === 1
      ? Promise.reject(new LateBundleError(1))
      : Promise.resolve({ "boot.js": new Uint8Array([asked]) });
  });
  await assert.rejects(islandBundle(), /No bundle after 1 ms/);
  for (let i = 0; i < 2; i++) {
    const { bytes } = (await islandBundle()).get("boot.js")!;
    assert.deepEqual([...bytes], [2]);
  }
  asked = 0;
  await useBundle(() => {
    asked++;
    return Promise.reject(new Error("an import that is none"));
  });
  for (let i = 0; i < 2; i++) {
    await assert.rejects(islandBundle(), /an import that is none/);
  }
  assert.equal(asked, 1);
});

Deno.test("islandBundle() uses its cache until that is damaged", async () => {
  await withFolder(async (folder) => {
    setBundleCacheDir(folder);
    setProjectRoot(fixture);
    const made = await islandBundle();
    const { buildId } = await loadProject();
    const boot = `${folder}/${buildId}/boot.js`;

    setProjectRoot(fixture);
    const { ino } = await Deno.stat(boot);
    assert.deepEqual(await islandBundle(), made);
    assert.equal((await Deno.stat(boot)).ino, ino, "it is not written again");

    await Deno.writeTextFile(boot, "damaged");
    setProjectRoot(fixture);
    assert.deepEqual(await islandBundle(), made);
    assert.notEqual(await Deno.readTextFile(boot), "damaged");
  });
});

Deno.test("readBundle() takes what writeBundle() wrote, of the same sources", async () => {
  await withFolder(async (folder) => {
    setProjectRoot(fixture);
    await writeBundle(`${folder}/_build`);
    const made = await islandBundle();
    setProjectRoot(fixture);
    await readBundle(`${folder}/_build`);
    assert.deepEqual(await islandBundle(), made);

    const manifest = `${folder}/_build/manifest.json`;
    const text = await Deno.readTextFile(manifest);
    const { buildId } = await loadProject();
    await Deno.writeTextFile(manifest, text.replace(buildId, "other"));
    await assert.rejects(readBundle(`${folder}/_build`), /write it again/);
  });
});
