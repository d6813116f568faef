import assert from "node:assert/strict";
import { simulate } from "../../tasks/simulate.ts";
import { FakeListener } from "./fake_listener.ts";

const never = new AbortController().signal;

async function run(listener: FakeListener, args: string) {
  const result = await simulate(
    [...args.split(" "), "--to", `127.0.0.1:${listener.port}`],
    { signal: never, say: () => {} },
  );
  assert(typeof result === "object");
  return {
    ok: result.ok,
    report: result.report as Record<string, unknown>,
  };
}

Deno.test("simulate sends what it was told, through faults", async () => {
  const listener = new FakeListener({ window: 300_000 });
  try {
    const { ok, report } = await run(
      listener,
      "--history 1h --symbols A,B,USDINR --count 9000 --seed 3 " +
        "--drop 0.002 --duplicates 0.02 --late 0.02 --reorder --disconnect 1",
    );
    assert.equal(ok, true);
    assert.equal(report.acked, 9_000);
    assert.equal(listener.ticks.length, 9_000);
    assert(listener.duplicates > 0);
    assert(Number(report.resends) > 0);
    assert.deepEqual(
      [...new Set(listener.ticks.map(({ symbol }) => symbol))],
      ["A", "B", "USDINR"],
    );
    const jumps = listener.ticks.filter(({ symbol, ts }, i, all) =>
      i >= 3 && symbol === "A" && ts < all[i - 3].ts
    );
    assert(jumps.length > 100, "event time went back and forth");
    assert.equal(listener.hellos[0].simulated, true);
  } finally {
    listener.close();
  }
});

Deno.test("simulate keeps a rate for a duration", async () => {
  const listener = new FakeListener({ window: 1_000_000 });
  try {
    const { ok, report } = await run(
      listener,
      "--rate 20000 --duration 1s --symbols A,B",
    );
    assert.equal(ok, true);
    assert.equal(report.acked, 20_000);
    assert(Number(report.seconds) >= 0.99 && Number(report.seconds) < 60);
  } finally {
    listener.close();
  }
});

Deno.test("simulate --plain sends lines without hello or numbers", async () => {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const heard = (async () => {
    const connection = await server.accept();
    return await new Response(connection.readable).text();
  })();
  const { hostname, port } = server.addr as Deno.NetAddr;
  const result = await simulate(
    [
      "--plain",
      "--count",
      "7",
      "--history",
      "1m",
      "--to",
      `${hostname}:${port}`,
    ],
    { signal: never, say: () => {} },
  );
  assert(typeof result === "object" && result.ok);
  const lines = (await heard).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  server.close();
  assert.equal(lines.length, 7);
  assert(lines.every((line) => line.symbol && !("seq" in line)));
});

Deno.test("simulate names every bad option at once", async () => {
  const listener = new FakeListener();
  listener.close();
  await assert.rejects(run(listener, "--rate x --late 3 --symbols A,A"), {
    name: "OptionsError",
    message: /--symbols "A,A"[^]*--rate "x"[^]*--late "3" as it must be/,
  });
  await assert.rejects(run(listener, "--colour red"), { name: "OptionsError" });
});
