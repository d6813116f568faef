import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { replay } from "../../tasks/replay.ts";
import { FakeListener, type FakeListenerOptions } from "./fake_listener.ts";

const LINES = 5_000;
const CSV = "ts_ms,price,volume,extra\n" +
  Array.from(
    { length: LINES },
    (_, i) => `${1_700_000_000_000 + i},${i + 1}.50,${i % 3},x\n`,
  ).join("");
const never = new AbortController().signal;

async function inFolder(
  test: (path: (name: string) => string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test((name) => `${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function play(
  listener: FakeListener,
  path: string,
  ...args: readonly string[]
) {
  const said: string[] = [];
  const to = `127.0.0.1:${listener.port}`;
  const result = await replay([path, "--to", to, "--symbol", "A", ...args], {
    signal: never,
    say: (text) => said.push(text),
  });
  assert(typeof result === "object");
  return {
    ok: result.ok,
    report: result.report as Record<string, unknown>,
    said: said.join("\n"),
  };
}

async function withListener(
  options: FakeListenerOptions,
  test: (listener: FakeListener) => Promise<void>,
): Promise<void> {
  const listener = new FakeListener(options);
  try {
    await test(listener);
  } finally {
    listener.close();
  }
}

Deno.test("replay sends a file once, however often it is asked", async () => {
  await inFolder((path) =>
    withListener({ reject: [7] }, async (listener) => {
      await Deno.writeTextFile(path("ticks.csv"), CSV);
      const first = await play(listener, path("ticks.csv"));
      assert.equal(first.ok, true);
      assert.equal(listener.ticks.length, LINES);
      listener.ticks.forEach((tick, i) => {
        assert.equal(tick.symbol, "A");
        assert.equal(tick.ts, 1_700_000_000_000 + i);
        assert.equal(tick.price, i + 1.5);
        assert.equal(tick.volume, i % 3);
      });
      assert.match(String(first.report.feed), /^replay:[0-9a-f]{16}$/);
      assert.equal(first.report.acked, LINES);
      assert.equal(first.report.rejected, 1);
      assert.equal(first.report.added, LINES - 1);
      assert.match(first.said, /data line 7 was rejected: bad/);
      assert.equal(listener.hellos[0].replay, true);
      assert.equal(listener.hellos[0].feed, first.report.feed);

      const second = await play(listener, path("ticks.csv"));
      assert.equal(second.ok, true);
      assert.equal(second.report.sent, 0);
      assert.match(second.said, /nothing was sent; --again/);

      const again = await play(listener, path("ticks.csv"), "--again");
      assert.equal(again.report.sent, LINES);
      assert.notEqual(again.report.epoch, first.report.epoch);
    })
  );
});

Deno.test("replay gives a file and its gzip one name, in parts too", async () => {
  await inFolder(async (path) => {
    const half = CSV.indexOf("\n", CSV.length / 2) + 1;
    const parts = [CSV.slice(0, half), CSV.slice(half)].map((text) =>
      gzipSync(text)
    );
    await Deno.writeTextFile(path("plain"), CSV);
    await Deno.writeFile(path("one.gz"), gzipSync(CSV));
    await Deno.writeFile(path("two.gz"), Buffer.concat(parts));
    const feeds = new Set<unknown>();
    for (const name of ["plain", "one.gz", "two.gz"]) {
      await withListener({ cutAfter: [1_234] }, async (listener) => {
        const { ok, report } = await play(listener, path(name));
        assert.equal(ok, true);
        assert.equal(report.reconnects, 1);
        assert.equal(listener.ticks.length, LINES);
        feeds.add(report.feed);
      });
    }
    assert.equal(feeds.size, 1);
  });
});

Deno.test("replay keeps the pace of event time, divided by the speed", async () => {
  await inFolder((path) =>
    withListener({}, async (listener) => {
      // 100 ticks in 10 s of event time, at 50 times the speed: 0.2 s.
      const csv = "ts,price\n" + Array.from(
        { length: 100 },
        (_, i) => `${1_700_000_000_000 + i * 100},1\n`,
      ).join("");
      await Deno.writeTextFile(path("slow.csv"), csv);
      const began = performance.now();
      const { ok } = await play(listener, path("slow.csv"), "--speed", "50");
      assert.equal(ok, true);
      assert(performance.now() - began >= 195, "it took its time");
      assert.equal(listener.ticks.length, 100);
    })
  );
});

Deno.test("replay says plainly what it cannot play", async () => {
  await inFolder(async (path) => {
    await Deno.writeTextFile(path("no_price.csv"), "ts,volume\n1,2\n");
    await Deno.writeTextFile(path("empty.csv"), "");
    const cut = gzipSync(CSV);
    await Deno.writeFile(path("cut.gz"), cut.subarray(0, cut.length - 9));
    await Deno.mkdir(path("folder"));
    const cases: readonly [string, RegExp][] = [
      [path("folder"), /folder as it must be a file, got a folder$/],
      [path("missing"), /Cannot read .*missing: /],
      [path("cut.gz"), /Cannot read .*cut\.gz: unexpected end of file/],
      [path("no_price.csv"), /header "ts,volume" as it must name .* a price$/],
      [path("empty.csv"), /must have a header line$/],
    ];
    await withListener({}, async (listener) => {
      for (const [file, message] of cases) {
        await assert.rejects(play(listener, file), message);
      }
      await assert.rejects(
        play(listener, path("no_price.csv"), "--speed", "fast"),
        /--speed "fast" as it must be max or a number above 0/,
      );
      assert.equal(listener.hellos.length, 0);
    });
  });
});
