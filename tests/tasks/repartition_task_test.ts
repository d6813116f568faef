/** What `deno task repartition` says when it cannot do what it is told to. */
import assert from "node:assert/strict";
import { PgLayoutStore } from "../../db/layout_store.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import { repartition } from "../../tasks/repartition.ts";
import { OptionsError } from "../../tasks/task_options.ts";
import { NOW, openServerWarehouse, PARTITIONS } from "../db/testing.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";

function run(
  args: readonly string[],
  databaseUrl: string | null,
  say: (text: string) => void = () => {},
  { signal } = new AbortController(),
) {
  return repartition(args, { databaseUrl }, { signal, say });
}

Deno.test("repartition says what is wrong with its command line", async () => {
  const wrong = [["x"], ["0"], ["1025"], ["4", "8"], ["8", "--cancel"]];
  const wrongPins = [
    ...[["--pin="], ["--pin=a b"], ["--pin=A,A"], ["8", "--pin=A"]],
    ["--pin=A", "--cancel"],
  ];
  for (const args of [...wrong, ...wrongPins]) {
    await assert.rejects(run(args, "postgres://nowhere"), OptionsError);
  }
  assert.match(String(await run(["--help"], null)), /deno task repartition/);
});

Deno.test("repartition says that embedded stores have no use for it", async () => {
  for (const args of [["8"], ["--pin=A"]]) {
    await assert.rejects(run(args, null), /without DATABASE_URL.*one process/);
  }
});

serverTest(
  "repartition says why it does not begin, or does not end",
  { PostgreSQL: findPostgres },
  async () => {
    const postgres = await startPostgres();
    const url = await postgres.createDatabase();
    const warehouse = await openServerWarehouse(url);
    const { layouts, nodes } = warehouse;
    /** However long the machine stands still, it is there. */
    const beat = async (node: string, roles: readonly string[]) => {
      const beat = { owner: node, node, roles, startedAt: NOW, drained: false };
      await nodes.beat(beat);
      await warehouse.db.query(
        "update nodes set alive_until = alive_until + interval '1 hour'",
      );
    };
    try {
      await new PgLayoutStore(warehouse.db).claim(PARTITIONS);
      const doubled = String(2 * PARTITIONS);
      await assert.rejects(run(["--cancel"], url), /under way/);
      await assert.rejects(run([String(PARTITIONS)], url), /already/);
      await assert.rejects(run(["6"], url), /must be a multiple of 4/);
      const soon = [doubled, "--wait=1"];
      await assert.rejects(run(soon, url), /role aggregate/);
      await beat("a", ["feed", "aggregate"]);
      await assert.rejects(run(soon, url), /a is of an older version/);

      await beat("a", ["feed", "aggregate"]);
      const said: string[] = [];
      const stop = new AbortController();
      const saying: Promise<boolean>[] = [];
      const hear = (text: string) => {
        if (said.push(text) > 1) return stop.abort();
        saying.push(layouts.say("a", { stream: "", holds: false }));
      };
      await assert.rejects(
        run([doubled], url, hear, stop),
        /feeds go on in 4 partitions.* what a took in/,
      );
      assert.deepEqual(await Promise.all(saying), [true]);
      const waits = "It waits until what a took in is committed";
      assert.deepEqual(said, [
        "It waits: a is of an older version, or has only just started",
        waits,
      ]);
      assert.equal((await layouts.state()).wanted, null, "nobody waits for it");
      await beat("a", ["feed", "aggregate"]);
      await assert.rejects(
        run(soon, url, (text) => assert.equal(text, waits)),
        /feeds go on in 4 partitions.* what a took in/,
      );
      assert.equal((await layouts.state()).wanted, null, "nobody waits for it");

      await assert.rejects(run(["--pin=A,B"], url), /pin A, B: not registered/);
      await warehouse.instruments.upsert([
        autoSpec("A", { priceScale: 2, sizeScale: 0 }),
      ]);
      await beat("a", ["feed", "aggregate"]);
      await warehouse.db.query("update nodes set pins = false");
      await assert.rejects(
        run(["--pin=A", "--wait=1"], url),
        /a is of an older version/,
      );

      const first = { partitions: PARTITIONS, tag: "" };
      assert(await layouts.want([first], { partitions: 2 * PARTITIONS }));
      await beat("a", ["feed", "aggregate"]);
      await assert.rejects(run([doubled], url), /are being divided into 8/);
      assert.deepEqual(await run([], url), {
        report: { partitions: 4, pinned: {}, before: [], wanted: 8 },
        ok: true,
      });
      await run(["--cancel"], url);
      assert.equal((await layouts.state()).wanted, null);

      const pin = { partitions: PARTITIONS + 1, pins: ["A"] };
      assert(await layouts.want([first], pin));
      assert(
        await layouts.divide(
          [first],
          { ...pin, tag: "t" },
          await layouts.positions(PARTITIONS),
        ),
      );
      assert.deepEqual(await run([], url), {
        report: { partitions: 5, pinned: { A: 4 }, before: [4], wanted: null },
        ok: true,
      });
      await assert.rejects(run(["--pin=A"], url), /A: has a partition/);
      await assert.rejects(
        run(["4"], url),
        /4 partitions already beside those/,
      );
      await assert.rejects(run(["5"], url), /must be a multiple of 4/);
      await assert.rejects(run(["1024"], url), /1025 partitions.*1024 at most/);
    } finally {
      await warehouse.close();
      await postgres.close();
    }
  },
);
