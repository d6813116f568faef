/** PostgreSQL through a WebSocket relay that knows it by another address. */
import assert from "node:assert/strict";
import { connectPg } from "../../db/connect_pg.ts";
import { type Db, DbError } from "../../db/db.ts";
import { RelayedSocket } from "../../db/relayed_socket.ts";
import { certificatesIn } from "../harness/certificates.ts";
import { findProgram, serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { startRelay } from "../harness/servers/websocket_relay.ts";

const ADDRESS = "db.internal:5432";
/** A query ends after 6 s; five times that, for a machine that is busy. */
const SETTLES_MS_MAX = 30_000;
const BIG = 8_388_608;

/** @throws What it rejects with last, if it does not come to work. */
async function untilWorks(db: Db): Promise<void> {
  const deadline = performance.now() + SETTLES_MS_MAX;
  for (;;) {
    try {
      await db.query("select 1");
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

const says = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof DbError, String(error));
  assert.match(error.message, pattern);
  return true;
};

/** A relay that reads nothing of its one client until it is told to. */
function startUnread() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = (async () => {
    const connection = await listener.accept();
    const buffer = new Uint8Array(65_536);
    const head = new TextDecoder().decode(
      buffer.subarray(0, await connection.read(buffer) ?? 0),
    );
    const key = /sec-websocket-key: (.+)\r/i.exec(head)![1] +
      "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const digest = await crypto.subtle.digest(
      "SHA-1",
      new TextEncoder().encode(key),
    );
    await connection.write(new TextEncoder().encode([
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${new Uint8Array(digest).toBase64()}`,
      "\r\n",
    ].join("\r\n")));
    return connection;
  })();
  return {
    url: `ws://127.0.0.1:${listener.addr.port}`,
    async readAll() {
      const connection = await accepted;
      const buffer = new Uint8Array(1_048_576);
      (async () => {
        while (await connection.read(buffer) !== null);
      })().catch(() => {});
    },
    async close() {
      (await accepted).close();
      listener.close();
    },
  };
}

Deno.test("a relay that reads nothing is given no more than waits", async () => {
  const relay = startUnread();
  const socket = new RelayedSocket(relay.url).connect(5432, "db.internal");
  try {
    await new Promise((resolve, reject) => {
      socket.on("connect", resolve);
      socket.on("error", reject);
    });
    let taken = 0;
    for (let n = 0; n < 64; n++) {
      socket.write(new Uint8Array(BIG / 8), () => taken++);
    }
    // Until the system takes no more, either.
    for (let before = -1; before !== taken;) {
      before = taken;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    assert.ok(taken < 64, `${taken} of 64 were taken`);
    assert.ok(socket.writableNeedDrain);
    const drained = new Promise((resolve) => socket.on("drain", resolve));
    await relay.readAll();
    await drained;
    assert.equal(taken, 64);
  } finally {
    socket.destroy();
    await relay.close();
  }
});

serverTest(
  "PostgreSQL over a WebSocket is the same",
  { PostgreSQL: findPostgres, openssl: () => findProgram("openssl") },
  async (t) => {
    const dir = await Deno.makeTempDir({ prefix: "tickhouse-relay-" });
    const { cert, key } = await certificatesIn(dir);
    const postgres = await startPostgres({
      settings: { ssl: "on", ssl_cert_file: cert, ssl_key_file: key },
    });
    const relay = startRelay({ [ADDRESS]: postgres.port });
    const url = `postgres://postgres@${ADDRESS}/postgres`;
    const over = (address = url) =>
      connectPg({ url: address, relay: relay.url });
    const db = over();
    try {
      await t.step("transactions, and rows larger than a message", async () => {
        await db.script("create table kept (n int primary key, text text)");
        const text = "x".repeat(BIG);
        const [, rows] = (await db.batch([
          { sql: "insert into kept values (1, $1)", params: [text] },
          { sql: "select n, text from kept" },
        ]))!;
        assert.equal(rows.length, 1);
        assert.equal(rows[0].text, text);
        await assert.rejects(
          db.query("insert into kept values (1, '')"),
          (error) => error instanceof DbError && error.code === "23505",
        );
        const undone = { sql: "delete from kept returning n", expectRows: 2 };
        assert.equal(await db.batch([undone]), null);
        const many = await Promise.all(
          Array.from(
            { length: 50 },
            (_, n) =>
              db.query(
                "select $1::int as n, (select count(*)::int from kept)",
                [
                  n,
                ],
              ),
          ),
        );
        assert.deepEqual(
          many.map(([row]) => row),
          Array.from({ length: 50 }, (_, n) => ({ n, count: 1 })),
        );
        assert.ok(relay.open > 0, "it goes through the relay");
      });

      await t.step("a relay that cuts all off is an outage", async () => {
        const sleeping = () =>
          postgres.psql(
            `select count(*) from pg_stat_activity
              where query like '%pg_sleep(3)%' and state = 'active'
                and pid <> pg_backend_pid()`,
          );
        const sleep = async () => {
          const over = { is: false };
          const outcomes = Promise.allSettled([
            db.query("select pg_sleep(3)"),
            db.query("select pg_sleep(3)"),
          ]).finally(() => over.is = true);
          while (await sleeping() !== "2\n" && !over.is);
          // Where the machine stood still they may have ended unseen.
          return over.is ? null : { outcomes };
        };
        let running = await sleep();
        while (running === null) running = await sleep();
        relay.cut();
        for (const outcome of await running.outcomes) {
          assert.equal(outcome.status, "rejected");
          says(/The relay 127\.0\.0\.1:\d+ closed the connection: 1011/)(
            outcome.reason,
          );
          assert.equal(outcome.reason.code, null);
        }
        await untilWorks(db);
      });

      await t.step("a relay that is gone is one too", async () => {
        await relay.stop();
        await assert.rejects(
          db.query("select 1"),
          says(/The relay 127\.0\.0\.1:\d+ (does not answer|closed)/),
        );
        relay.start();
        await untilWorks(db);
      });

      await t.step("a relay that stands still is one too", async () => {
        relay.freeze(true);
        const from = performance.now();
        await assert.rejects(db.query("select 1"), says(/timeout/i));
        assert.ok(performance.now() - from < SETTLES_MS_MAX);
        relay.freeze(false);
        await untilWorks(db);
      });

      await t.step("a relay that refuses says so", async () => {
        const elsewhere = over("postgres://postgres@elsewhere:5432/postgres");
        await assert.rejects(
          elsewhere.query("select 1"),
          says(/The relay .* does not answer: .*403/),
        );
        await elsewhere.close();
      });

      await t.step("what is secret in its URL is not told", async () => {
        const secret = connectPg({
          url,
          relay: "ws://127.0.0.1:1/hunter2?token=hunter2",
        });
        await assert.rejects(secret.query("select 1"), (error: DbError) => {
          const all = [error, error.cause].map((one) => `${one}`).join();
          assert.match(all, /The relay 127\.0\.0\.1:1 /);
          assert.doesNotMatch(all, /hunter2/);
          return true;
        });
        await secret.close();
      });

      await t.step("nothing is left open", async () => {
        await db.close();
        while (relay.open > 0) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      });

      await t.step("TLS to PostgreSQL goes through it", async () => {
        const encrypted = over(`${url}?sslmode=no-verify`);
        try {
          assert.deepEqual(
            await encrypted.query(
              "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
            ),
            [{ ssl: true }],
          );
        } finally {
          await encrypted.close();
        }
      });
    } finally {
      await db.close().catch(() => {});
      await relay.stop();
      await postgres.close();
      await Deno.remove(dir, { recursive: true });
    }
  },
);
