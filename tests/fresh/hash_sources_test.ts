import assert from "node:assert/strict";
import { hashSources } from "../../fresh/hash_sources.ts";

Deno.test("hashSources() changes with what an island imports, and with nothing else", async () => {
  const root = await Deno.makeTempDir() + "/";
  const write = (name: string, text: string) =>
    Deno.writeTextFile(root + name, text);
  const hash = () => hashSources(root, ["islands/clock.tsx"], new Map());
  try {
    await Deno.mkdir(root + "islands");
    await Deno.mkdir(root + "lib");
    const island = `import { a } from "../lib/a.ts";\nexport default a;\n`;
    await write("islands/clock.tsx", island);
    await write("lib/a.ts", `export { a } from "./b.ts";\n`);
    await write("lib/b.ts", "export const a = 1;\n");
    const first = await hash();
    assert.match(first, /^[0-9a-f]{32}$/);

    await write("lib/unused.ts", "export const c = 3;\n");
    assert.equal(await hash(), first);
    await write("lib/b.ts", "export const a = 2;\n");
    const second = await hash();
    assert.notEqual(second, first);
    // A line that went from the end of one file to the start of the next.
    await write("islands/clock.tsx", island + "// one\n");
    const third = await hash();
    await write("islands/clock.tsx", island);
    await write("lib/a.ts", `// one\nexport { a } from "./b.ts";\n`);
    assert.equal(new Set([first, second, third, await hash()]).size, 4);

    await write("lib/a.ts", `export { a } from "./b.ts";\n`);
    await write("lib/b.ts", "export const a = 1;\n");
    assert.equal(await hash(), first);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
