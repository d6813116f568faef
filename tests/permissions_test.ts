import assert from "node:assert/strict";
import { parseConfig } from "../pipeline/config.ts";
import { narrowestFlags } from "../tasks/narrowest_flags.ts";

const ROOT = new URL("../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));

async function run(
  flags: readonly string[],
  ...args: readonly string[]
): Promise<
  { readonly code: number; readonly out: string; readonly err: string }
> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...flags, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", A_SECRET_OF_OTHERS: "canary" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("what the program has no need of is refused to it", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-acts-" });
  try {
    const env = { DATA_DIR: dataDir, HTTP_PORT: "18080", SIMULATE: "on" };
    const flags = narrowestFlags(parseConfig(env), env);
    const script = "tests/hostile/forbidden_acts.ts";
    const args = [script, "A_SECRET_OF_OTHERS", dataDir];
    const { code, out, err } = await run(["run", ...flags], ...args);
    assert.equal(code, 0, err);
    const outcomes: Record<string, string> = JSON.parse(out);
    assert.ok(Object.keys(outcomes).length >= 12);
    for (const [act, outcome] of Object.entries(outcomes)) {
      assert.equal(outcome, "refused", act);
    }
    // The same acts, with everything allowed: the test can fail.
    const free = await run(
      ["run", "--no-prompt", "--allow-read", "--allow-env", "--allow-sys"],
      ...args,
    );
    const could = Object.entries(JSON.parse(free.out) as typeof outcomes)
      .filter(([, outcome]) => outcome !== "refused").map(([act]) => act);
    for (
      const act of [
        "read the users of the machine",
        "read a secret of the environment",
        "run a text as code",
        "learn of the machine",
      ]
    ) assert.ok(could.includes(act), act);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});

/** Tries an address in each way in which the program calls others. */
const CALLS = `
const [host, port] = Deno.args;
const url = "http://" + host + ":" + port + "/latest/meta-data/";
const node = (await import("node:net")).default;
const calls = {
  fetch: () => fetch(url).then((answer) => answer.body?.cancel()),
  connect: () => Deno.connect({ hostname: host, port: Number(port) })
    .then((connection) => connection.close()),
  node: () => new Promise((resolve, reject) => {
    const socket = node.connect({ host, port: Number(port) }, () => {
      socket.destroy();
      resolve();
    });
    socket.on("error", reject);
  }),
};
for (const [name, call] of Object.entries(calls)) {
  const said = await call().then(() => "reached", (error) =>
    String(error) + String(error.cause ?? ""));
  console.log(name + ": " + said);
}`;

Deno.test("a name that is allowed and leads to a denied address is refused", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  (async () => {
    for await (const connection of listener) connection.close();
  })().catch(() => {});
  const script = await Deno.makeTempFile({ suffix: ".mjs" });
  await Deno.writeTextFile(script, CALLS);
  try {
    const called = async (host: string, port: number, deny?: string) => {
      const env = { SIGNAL_WEBHOOKS: `http://${host}:${port}/hook` };
      const flags = narrowestFlags(parseConfig(env), env).map((flag) =>
        deny && flag.startsWith("--deny-net") ? `--deny-net=${deny}` : flag
      );
      const args = [...flags, `--allow-read=${script}`, script];
      const { out, err } = await run(["run"], ...args, host, String(port));
      assert.equal(out.trim().split("\n").length, 3, err);
      return out;
    };
    const refused =
      /^(\w+: .*Requires net access to "[\d.:[\]a-f]+", .*\n?){3}$/;
    // Where clouds keep credentials, though the settings name it.
    assert.match(await called("169.254.169.254", 80), refused);
    // The name is allowed and was harmless; now it leads to what is denied.
    assert.doesNotMatch(await called("localhost", port), /Requires/);
    assert.match(await called("localhost", port, "127.0.0.0/8,[::1]"), refused);
  } finally {
    listener.close();
    await Deno.remove(script);
  }
});

Deno.test("no command of ours allows everything", async () => {
  const { tasks } = JSON.parse(await read("deno.json"));
  const texts = [
    ...Object.values<string>(tasks),
    ...await Promise.all(
      ["README.md", "Dockerfile", "compose.yaml", ".ci/run"].map(read),
    ),
  ];
  for (const text of texts) {
    assert.doesNotMatch(text, /(?<!\w)-A\b|--allow-all/);
  }
  for (const task of Object.values<string>(tasks)) {
    if (!/ main\.ts$/.test(task)) continue;
    assert.doesNotMatch(task, /--allow-(run|ffi|import)/);
  }
});

Deno.test("packages are pinned, frozen, and run nothing when they are installed", async () => {
  const config = JSON.parse(await read("deno.json"));
  for (const [name, target] of Object.entries<string>(config.imports)) {
    if (!target.startsWith("npm:")) continue;
    assert.match(
      target,
      /@\d+\.\d+\.\d+(-[\w.]+)?(\/\w+)?$/,
      `${name} has one version`,
    );
  }
  assert.equal(config.allowScripts, undefined, "no scripts of packages");
  const lock = await read("deno.lock");
  const { npm } = JSON.parse(lock);
  for (
    const [name, { integrity }] of Object.entries<{ integrity: string }>(npm)
  ) {
    assert.match(integrity, /^sha512-/, name);
  }
  for (const step of [".ci/run", "Dockerfile"]) {
    assert.match(await read(step), /deno install --frozen/);
  }
});

Deno.test("a package that is not the locked one is refused", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tickhouse-lock-" });
  try {
    const lock = JSON.parse(await read("deno.lock"));
    delete lock.specifiers["npm:mrmime@2.0.1"];
    const config = { imports: { mrmime: "npm:mrmime@2.0.1" }, lock: true };
    await Deno.writeTextFile(`${folder}/deno.lock`, JSON.stringify(lock));
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config));
    await Deno.writeTextFile(
      `${folder}/main.ts`,
      'import { lookup } from "mrmime";\nconsole.log(lookup("a.css"));\n',
    );
    const at = `--config=${folder}/deno.json`;
    const { code, err } = await run(
      ["run", "--frozen", "--no-prompt", at],
      `${folder}/main.ts`,
    );
    assert.notEqual(code, 0);
    assert.match(err, /lockfile is out of date/i);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
