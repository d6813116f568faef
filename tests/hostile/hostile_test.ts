/**
 * What strangers may send and what they may not learn, against the whole
 * program in a process of its own. The long form is `deno task hostile`.
 */
import assert from "node:assert/strict";
import { OPERATIONS } from "../../web/operations.ts";
import { getJson, type Program, until } from "../harness/program.ts";
import {
  booksOf,
  crowd,
  deafReaders,
  flood,
  fuzzedFeed,
  fuzzFeed,
  HonestFeed,
  openHalf,
  residentMb,
  sendAndWait,
  type Target,
  Visitor,
} from "./attacks.ts";
import { askOddly, SQL_ATTEMPTS } from "./odd_parameters.ts";
import { CANARIES, startTarget } from "./target.ts";

const FEEDS_MAX = 64;
/** Fewer than the connections that its settings would let in. */
const DESCRIPTORS = 800;
const FUZZED_LINES = 10_000;
/** Of the embedded program as a whole, with room. */
const RSS_MB_MAX = 900;

Deno.test("the program withstands what strangers throw at it", async (t) => {
  const dir = await Deno.makeTempDir({ prefix: "tickhouse-hostile-" });
  const { program, target } = await startTarget(`${dir}/data`, {
    descriptors: DESCRIPTORS,
    connections: 10_000,
    streams: 250,
  });
  const honest = new HonestFeed(program.feeds[0]);
  const missed = openHalf(program.feeds[0]);
  const step = (name: string, run: () => Promise<void>) =>
    t.step(name, async () => {
      await run();
      await until(
        "the program to be ready",
        () => ask(target, "/readyz"),
        ({ status }) => status === 200,
      );
    });
  try {
    await step(
      "a flood of connections leaves the pages reachable",
      () => floodOfPages(target),
    );
    await step(
      "a flood of feeds leaves room for others afterwards",
      () => floodOfFeeds(program),
    );
    await step("a crowd is streamed to", () => crowdOfStreams(program, target));
    await step(
      "streams that nobody reads hold up nobody",
      () => nobodyReads(program, target),
    );
    await step(
      "hellos that lie are told so",
      () => lyingHellos(program),
    );
    await step(
      "fuzzed lines all end as accepted, duplicate or rejected",
      () => fuzz(program, target),
    );
    await step(
      "no parameter leads into the database",
      () => sqlInParameters(target),
    );
    await step("secrets are nowhere", () => secrets(program, target));
    await t.step(
      "a half-open connection is gone, the honest feed has lost nothing",
      async () => {
        assert.ok(await missed >= 15_000);
        const { sent, acked, faults } = await honest.finish();
        assert.deepEqual(faults, []);
        assert.ok(sent > 0);
        assert.equal(acked, sent);
      },
    );
    await t.step("and it stops as ever", async () => {
      const mb = await residentMb(target);
      assert.ok(mb < RSS_MB_MAX, `${mb} MB`);
      const { code, log } = await program.stop();
      assert.equal(code, 0, log);
    });
  } finally {
    await program.kill().catch(() => {});
    await Deno.remove(dir, { recursive: true });
  }
});

async function ask(
  { http, headers }: Target,
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(http + path, {
    redirect: "manual",
    ...init,
    headers: { ...headers, ...init.headers },
  });
  const { status } = response;
  return { status, headers: response.headers, text: await response.text() };
}

/** All that are too many have been closed. */
async function allRefused(refused: () => number, least: number): Promise<void> {
  await until(
    `${least} to be refused`,
    () => Promise.resolve(refused()),
    (count) => count >= least,
  );
}

async function floodOfPages(target: Target): Promise<void> {
  const { refused } = await flood(
    target.http,
    3 * DESCRIPTORS,
    (refused) => allRefused(refused, 2 * DESCRIPTORS),
  );
  assert.ok(refused >= 2 * DESCRIPTORS, `${refused} refused`);
  await until(
    "an answer after the flood",
    () => ask(target, "/api/instruments"),
    ({ status }) => status === 200,
  );
}

async function floodOfFeeds({ feeds }: Program): Promise<void> {
  const { held } = await flood(
    feeds[1],
    3 * FEEDS_MAX,
    (refused) => allRefused(refused, 2 * FEEDS_MAX),
  );
  assert.ok(held <= FEEDS_MAX, `${held} held`);
  const again = async () =>
    (await sendAndWait(feeds[0], 1, () => '{"type":"hello","feed":"a b"}\n'))
      .said;
  await until(
    "a place for a feed",
    again,
    (said) => /"code":"protocol"/.test(Object.keys(said)[0]),
  );
}

async function crowdOfStreams(
  { feeds }: Program,
  target: Target,
): Promise<void> {
  const visitor = new Visitor(target);
  const { served, deaf } = await crowd(target, 200, feeds[0]);
  assert.deepEqual([served, deaf], [200, 0]);
  const { requests, faults } = await visitor.leave();
  assert.deepEqual(faults, []);
  assert.ok(requests > 0);
}

async function nobodyReads(
  { feeds }: Program,
  target: Target,
): Promise<void> {
  const before = await residentMb(target);
  const deaf = await deafReaders(target, 100);
  assert.equal((await crowd(target, 20, feeds[0])).served, 20);
  const grown = await residentMb(target) - before;
  for (const connection of deaf) connection.close();
  assert.ok(grown < 200, `${grown} MB more`);
}

async function lyingHellos({ feeds }: Program): Promise<void> {
  const said = async (text: string) =>
    Object.keys((await sendAndWait(feeds[0], 1, () => text)).said)[0];
  const hello = (more: Record<string, unknown>) =>
    JSON.stringify({ type: "hello", feed: "liar", ...more }) + "\n";
  for (
    const text of [
      hello({ feed: "" }),
      hello({ feed: "plain@127.0.0.1:1" }),
      hello({ feed: "x".repeat(65) }),
      hello({ feed: "a\nb" }),
      hello({ feed: "<b>" }),
      hello({ feed: null }),
      hello({ epoch: 0 }),
      hello({ epoch: 2 ** 31 }),
      hello({ epoch: 1.5 }),
      hello({ token: 5 }),
      hello({ instruments: "A" }),
      hello({ instruments: [{ symbol: "A", price_scale: 99 }] }),
      hello({ simulated: "yes" }),
      hello({}) + hello({}),
    ]
  ) {
    const code = /"code":"(\w+)"/.exec(await said(text))?.[1];
    assert.ok(
      code === "protocol" ||
        (code === undefined && text === hello({}).repeat(2)),
      text.slice(0, 80),
    );
  }
  // One after another takes the same feed over: all but the newest are gone.
  const many = await sendAndWait(
    feeds[0],
    20,
    () => hello({ epoch: 3 }) + '{"type":"end","total":0}\n{"type":"hello"}\n',
  );
  assert.equal(many.cut, 20);
}

async function fuzz(program: Program, target: Target): Promise<void> {
  const before = await booksOf(target, 0);
  const [ndjson, csv] = await Promise.all([
    fuzzFeed(
      program.feeds[0],
      fuzzedFeed({ seed: 1_000_003, lines: FUZZED_LINES, format: "ndjson" }),
    ),
    fuzzFeed(
      program.feeds[1],
      fuzzedFeed({ seed: 7_654_321, lines: FUZZED_LINES, format: "csv" }),
    ),
  ]);
  const books = await booksOf(target, before.received + ndjson + csv);
  assert.equal(books.received - before.received, ndjson + csv);
  assert.equal(
    books.received,
    books.accepted + books.duplicates + books.rejected,
  );
  assert.ok(books.accepted > 0.3 * FUZZED_LINES, `${books.accepted} accepted`);
  assert.ok(books.rejected > 0.3 * FUZZED_LINES, `${books.rejected} rejected`);
  const audit = await until(
    "the books to balance",
    async () => JSON.parse((await ask(target, "/api/audit")).text),
    ({ balanced, ticks_unaccounted }) => balanced && ticks_unaccounted === 0,
  );
  assert.equal(audit.balanced, true);
  // Symbols of the fuzz registered up to the bound, and no further.
  const { text } = await ask(target, "/api/instruments");
  assert.ok(JSON.parse(text).instruments.length <= 60);
}

async function sqlInParameters(target: Target): Promise<void> {
  const known = async () =>
    JSON.parse((await ask(target, "/api/instruments")).text)
      .instruments.map(({ symbol }: { symbol: string }) => symbol);
  const before = await known();
  const { asked, faults } = await askOddly(target, "BELL", SQL_ATTEMPTS);
  assert.deepEqual(faults, []);
  assert.ok(asked > 500, `${asked} asked`);
  assert.deepEqual(await known(), before);
}

async function secrets(program: Program, target: Target): Promise<void> {
  const canaries = [...Object.values(CANARIES), "canary-of-a-receiver"];
  const found: string[] = [];
  const search = (where: string, text: string) => {
    for (const canary of canaries) {
      if (text.includes(canary)) found.push(`${canary} in ${where}`);
    }
    if (/\bat .*\.tsx?:\d+:\d+/.test(text)) found.push(`a stack in ${where}`);
  };
  const wrong = { headers: { Authorization: `Bearer ${CANARIES.API_TOKEN}x` } };
  for (const { path, method } of OPERATIONS) {
    if (path === "/api/stream") continue;
    search(path, (await ask(target, path, { method })).text);
  }
  for (const path of ["/", "/system", "/login", "/nowhere", "/settings"]) {
    search(path, (await ask(target, path)).text);
    search(path, (await ask(target, path, wrong)).text);
  }
  search("its output", program.output.join("\n"));
  search("its log", program.log.join("\n"));
  assert.deepEqual(found, []);
  for (const line of program.log) assert.match(line, /^\{[\x20-\x7e]*\}$/);
  const system = await getJson({ http: target.http }, "/livez");
  assert.deepEqual(system, { alive: true });
}
