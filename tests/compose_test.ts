import assert from "node:assert/strict";
import { parse } from "yaml";
import { parseConfig, settings } from "../pipeline/config.ts";

const read = (name: string) =>
  Deno.readTextFile(new URL(`../${name}`, import.meta.url));

interface Service {
  readonly build?: string;
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly volumes?: readonly string[];
}

const text = await read("compose.yaml");
const { services, volumes } = parse(text, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};

/** Secrets and defaults filled in, as Compose does from the environment. */
function environmentOf({ environment = {} }: Service): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([key, value]) => [
      key,
      value.replace(/\$\{[A-Z_]+:\?\}/g, "0123456789abcdef01234567")
        .replace(/\$\{[A-Z_]+:-([^}]*)\}/g, "$1"),
    ]),
  );
}

const ours = Object.entries(services).filter(([, { build }]) => build === ".");

function inProfile(profile: string) {
  return ours.filter(([, { profiles }]) => profiles?.includes(profile));
}

Deno.test("compose.yaml sets what the program knows, and only that", () => {
  const known = new Set(settings.map(({ key }) => key));
  const names = new Set<string>();
  for (const [name, service] of ours) {
    const environment = environmentOf(service);
    const unknown = Object.keys(environment).filter((key) => !known.has(key));
    assert.deepEqual(unknown, [], name);
    const config = parseConfig(environment);
    assert.equal(config.simulate, false);
    assert.ok(config.apiToken !== null && config.feedToken !== null);
    assert.ok(config.partitions > 1, "processes have something to share");
    assert.ok(config.roles.has("web"), `${name} answers its health check`);
    names.add(config.nodeName);
  }
  assert.equal(names.size, ours.length, "each process has a name of its own");
});

Deno.test("each profile of compose.yaml has all roles, and cluster most of them twice", () => {
  const rolesOf = (profile: string) =>
    inProfile(profile).flatMap(([, service]) => [
      ...parseConfig(environmentOf(service)).roles,
    ]);
  assert.equal(inProfile("single").length, 1);
  assert.deepEqual(rolesOf("single").sort(), [
    "aggregate",
    "feed",
    "forecast",
    "web",
  ]);
  const count = Object.groupBy(rolesOf("cluster"), (role) => role);
  assert.equal(count.feed?.length, 2);
  assert.equal(count.aggregate?.length, 2);
  assert.equal(count.forecast?.length, 1);
  assert.ok(count.web!.length >= 2);
  for (const [name, { profiles }] of ours) {
    assert.equal(profiles?.length, 1, `${name} is of one profile`);
  }
});

Deno.test("compose.yaml's processes do not want the same port of the machine", () => {
  for (const profile of ["single", "cluster"]) {
    const ports = inProfile(profile).flatMap(([, { ports = [] }]) =>
      ports.map((one) => one.split(":").at(-2))
    );
    assert.equal(new Set(ports).size, ports.length, profile);
    assert.ok(ports.includes("8000") && ports.includes("9101"), profile);
  }
});

Deno.test("what compose.yaml names is there", () => {
  for (const [name, service] of Object.entries(services)) {
    for (const other of Object.keys(service.depends_on ?? {})) {
      assert.ok(services[other], `${name} needs ${other}`);
    }
    for (const volume of service.volumes ?? []) {
      assert.ok(volume.split(":")[0] in volumes, `${name} keeps ${volume}`);
    }
  }
});

Deno.test("the commands that start compose.yaml name profiles that it has", async () => {
  const has = new Set(ours.flatMap(([, { profiles = [] }]) => profiles));
  const pages = ["compose.yaml", "docs/servers.md", "docs/ecosystem.md"];
  let found = 0;
  for (const page of pages) {
    const commands = (await read(page)).matchAll(
      /docker compose (?:--profile (\w+) )?up/g,
    );
    for (const [command, profile] of commands) {
      assert.ok(has.has(profile), `${page}: ${command}`);
      found++;
    }
  }
  assert.ok(found >= 4);
});

Deno.test("compose.yaml has no secret and none by default", () => {
  const secrets = text.matchAll(/\$\{([A-Z_]*(?:PASSWORD|TOKEN))([^}]*)\}/g);
  const endings = [...secrets].map(([, , ending]) => ending);
  assert.ok(endings.length >= 4);
  assert.deepEqual(new Set(endings), new Set([":?"]));
  const set = text.matchAll(
    /^\s+[A-Z_]*(?:PASSWORD|TOKEN|AUTH):\s+(\S+)$/gm,
  );
  const values = [...set].map(([, value]) => value);
  assert.ok(values.length >= 4);
  for (const value of values) assert.match(value, /^\$\{[A-Z_]+:\?\}$/);
});

Deno.test("compose.yaml runs a Redis that keeps and drops nothing", () => {
  const words = services.redis.command!.join(" ");
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
