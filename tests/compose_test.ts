import assert from "node:assert/strict";
import { parseConfig, settings } from "../pipeline/config.ts";

const read = (name: string) =>
  Deno.readTextFile(new URL(`../${name}`, import.meta.url));

/**
 * The lines below a key up to the next one that is not further in. Enough of
 * YAML for this file, which is ours.
 */
function blockOf(yaml: string, key: RegExp): string {
  const lines = yaml.split("\n");
  const at = lines.findIndex((line) => key.test(line));
  assert.ok(at >= 0, `no ${key} in compose.yaml`);
  const depth = lines[at].search(/\S/);
  const end = lines.findIndex((line, i) =>
    i > at && /^\s*[^\s#]/.test(line) && line.search(/\S/) <= depth
  );
  return lines.slice(at + 1, end < 0 ? undefined : end).join("\n");
}

/** `KEY: value` pairs, secrets and defaults filled in. */
function variablesOf(block: string): Record<string, string> {
  const pairs = block.matchAll(/^\s+([A-Z_]+):\s*(.+)$/gm);
  return Object.fromEntries(
    [...pairs].map(([, key, value]) => [
      key,
      value.replace(/^"(.*)"$/, "$1")
        .replace(/\$\{[A-Z_]+:\?\}/g, "0123456789abcdef01234567")
        .replace(/\$\{[A-Z_]+:-([^}]*)\}/g, "$1"),
    ]),
  );
}

Deno.test("compose.yaml sets what the program knows, and only that", async () => {
  const yaml = await read("compose.yaml");
  const common = variablesOf(blockOf(yaml, /^x-environment:/));
  const names = new Set<string>();
  for (const service of ["tickhouse", "tickhouse-second"]) {
    const own = blockOf(
      blockOf(yaml, new RegExp(`^  ${service}:`)),
      /environment:/,
    );
    const environment = { ...common, ...variablesOf(own) };
    const known = new Set(settings.map(({ key }) => key));
    const unknown = Object.keys(environment).filter((key) => !known.has(key));
    assert.deepEqual(unknown, []);
    const config = parseConfig(environment);
    assert.equal(config.simulate, false);
    assert.ok(config.apiToken !== null && config.feedToken !== null);
    assert.ok(config.partitions > 1, "two processes have something to share");
    names.add(environment.NODE_NAME);
  }
  assert.equal(names.size, 2, "each process has a name of its own");
});

Deno.test("compose.yaml has no secret and none by default", async () => {
  const yaml = await read("compose.yaml");
  const secrets = yaml.matchAll(/\$\{([A-Z_]*(?:PASSWORD|TOKEN))([^}]*)\}/g);
  const endings = [...secrets].map(([, , ending]) => ending);
  assert.ok(endings.length >= 4);
  assert.deepEqual(new Set(endings), new Set([":?"]));
  const set = yaml.matchAll(
    /^\s+[A-Z_]*(?:PASSWORD|TOKEN|AUTH):\s+(\S+)$/gm,
  );
  const values = [...set].map(([, value]) => value);
  assert.ok(values.length >= 4);
  for (const value of values) assert.match(value, /^\$\{[A-Z_]+:\?\}$/);
});

Deno.test("compose.yaml runs a Redis that keeps and drops nothing", async () => {
  const words = blockOf(await read("compose.yaml"), /^ {4}command:/)
    .replace(/^\s+-\s+/gm, "").replaceAll('"', "").split("\n").join(" ");
  for (
    const setting of [
      "--appendonly yes",
      "--appendfsync always",
      "--maxmemory-policy noeviction",
    ]
  ) assert.ok(words.includes(setting), setting);
});

Deno.test("the image has the Deno that the checks run with", async () => {
  const version = /deno@(\d+\.\d+\.\d+)/;
  const [, ours] = version.exec(await read("Dockerfile"))!;
  const [, checked] = version.exec(await read(".ci/run"))!;
  assert.equal(ours, checked);
});
