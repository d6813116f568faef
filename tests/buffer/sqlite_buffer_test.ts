import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { streamEntry } from "../../pipeline/domain/entry.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import { type AppendOrigin, BEFORE_FIRST } from "../../pipeline/ports.ts";
import { BufferError } from "../../pipeline/buffer/buffer_error.ts";
import { SqliteBuffer } from "../../pipeline/buffer/sqlite_buffer.ts";
import { BUFFER_CONTRACT } from "../../pipeline/buffer/testing/buffer_contract.ts";

async function withFolder(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "tickhouse-buffer-" });
  try {
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

for (const { name, check } of BUFFER_CONTRACT) {
  Deno.test(`SqliteBuffer ${name}`, () =>
    withFolder(async (dir) => {
      const buffer = await SqliteBuffer.open(join(dir, "buffer.sqlite"));
      try {
        await check(buffer);
      } finally {
        await buffer.close();
      }
    }));
}

const KEY = { feed: "nse", epoch: 1 };

function append(buffer: SqliteBuffer, seq: number, from?: AppendOrigin) {
  return buffer.append({
    p: 2,
    from,
    key: KEY,
    expectLast: seq - 1,
    newLast: seq,
    entry: streamEntry({
      kind: "ticks",
      key: KEY,
      receivedAt: epochMicros(seq),
    }),
  });
}

Deno.test("SqliteBuffer goes on where it was when opened again", () =>
  withFolder(async (dir) => {
    const path = join(dir, "buffer.sqlite");
    const first = await SqliteBuffer.open(path);
    const incarnation = await first.incarnation(2);
    for (let seq = 1; seq <= 3; seq++) await append(first, seq);
    const newest = await first.newest(2);
    await first.trim(2, newest);
    await first.close();

    const second = await SqliteBuffer.open(path);
    assert.equal(await second.incarnation(2), incarnation);
    assert.equal(await second.lastSeq(2, KEY), 3);
    assert.equal(await second.newest(2), newest);
    assert.deepEqual(await append(second, 4), {
      kind: "appended",
      id: "4-0",
      incarnation,
    });
    await second.close();
  }));

Deno.test("SqliteBuffer goes on with a file of the first version", () =>
  withFolder(async (dir) => {
    const path = join(dir, "buffer.sqlite");
    const first = await SqliteBuffer.open(path);
    const incarnation = await first.incarnation(2);
    await append(first, 1);
    await first.close();
    const db = new DatabaseSync(path);
    for (const column of ["writer", "n", "entry"]) {
      db.exec(`alter table chains drop column ${column}`);
    }
    db.exec("update meta set value = '1' where name = 'version'");
    db.close();

    for (let again = 1; again <= 2; again++) {
      const second = await SqliteBuffer.open(path);
      assert.equal(await second.incarnation(2), incarnation);
      const from = { writer: "a", n: 1 };
      assert.deepEqual(await append(second, 2, from), {
        kind: "appended",
        id: "2-0",
        incarnation,
      });
      assert.equal(await second.lastSeq(2, KEY), 2);
      await second.close();
    }
  }));

Deno.test("SqliteBuffer refuses a file of a version to come", () =>
  withFolder(async (dir) => {
    const path = join(dir, "buffer.sqlite");
    await (await SqliteBuffer.open(path)).close();
    const db = new DatabaseSync(path);
    db.exec("update meta set value = '3' where name = 'version'");
    db.close();
    await assert.rejects(SqliteBuffer.open(path), BufferError);
  }));

Deno.test("SqliteBuffer has a new incarnation in a new file", () =>
  withFolder(async (dir) => {
    const a = await SqliteBuffer.open(join(dir, "a.sqlite"));
    const b = await SqliteBuffer.open(join(dir, "b.sqlite"));
    assert.notEqual(await a.incarnation(0), await b.incarnation(0));
    await a.close();
    await b.close();
  }));

Deno.test("SqliteBuffer refuses every call after close", () =>
  withFolder(async (dir) => {
    const buffer = await SqliteBuffer.open(join(dir, "buffer.sqlite"));
    await buffer.close();
    await assert.rejects(append(buffer, 1), BufferError);
    await assert.rejects(buffer.newest(0), BufferError);
    await assert.rejects(
      buffer.read(0, BEFORE_FIRST, { maxEntries: 1, maxBytes: 1, waitMs: 0 }),
      BufferError,
    );
  }));

Deno.test("SqliteBuffer says so when it cannot open its file", () =>
  withFolder(async (dir) => {
    await assert.rejects(
      SqliteBuffer.open(join(dir, "absent", "buffer.sqlite")),
      BufferError,
    );
  }));

Deno.test("SqliteBuffer answers with its worker's failure, and does not hang", () =>
  withFolder(async (dir) => {
    const buffer = await SqliteBuffer.open(join(dir, "buffer.sqlite"));
    await append(buffer, 1);
    const worker: Worker = Reflect.get(buffer, "worker");
    worker.dispatchEvent(
      new ErrorEvent("error", { message: "out of memory", cancelable: true }),
    );
    await assert.rejects(append(buffer, 2), BufferError);
    await assert.rejects(buffer.stats(), BufferError);
    await assert.rejects(buffer.close(), BufferError);
  }));
