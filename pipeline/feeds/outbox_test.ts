import assert from "node:assert/strict";
import { Outbox } from "./outbox.ts";
import { turns } from "../testing/manual_clock.ts";

/** A socket that takes bytes when the test lets it. */
class Socket {
  text = "";
  open = true;
  #waiters: (() => void)[] = [];

  async write(bytes: Uint8Array): Promise<number> {
    while (!this.open) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    const part = bytes.subarray(0, 1_000);
    this.text += new TextDecoder().decode(part);
    return part.length;
  }

  release(): void {
    this.open = true;
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

Deno.test("Outbox joins the acks of one turn, after the lines before them", async () => {
  const socket = new Socket();
  const outbox = new Outbox((bytes) => socket.write(bytes), assert.fail);
  for (let seq = 1; seq <= 9; seq++) {
    outbox.send({ type: "buffered", seq });
    outbox.send({ type: "ack", seq });
  }
  outbox.send({ type: "resend", from: 10 });
  await outbox.flushed();
  assert.equal(
    socket.text,
    '{"type":"resend","from":10}\n{"type":"buffered","seq":9}\n' +
      '{"type":"ack","seq":9}\n',
  );
});

Deno.test("Outbox is bounded for a source that does not read, and keeps its acks", async () => {
  const socket = new Socket();
  socket.open = false;
  const outbox = new Outbox((bytes) => socket.write(bytes), assert.fail);
  for (let seq = 1; seq <= 100_000; seq++) {
    const reason = "price must be > 0, got -3";
    outbox.send({ type: "nack", seq, line: seq, code: "schema", reason });
    outbox.send({ type: "ack", seq });
    if (seq % 1_000 === 0) await Promise.resolve();
  }
  assert.ok(outbox.droppedNacks > 90_000);
  socket.release();
  await outbox.flushed();
  assert.ok(socket.text.length < 1_000_000);
  assert.ok(socket.text.endsWith('{"type":"ack","seq":100000}\n'));
});

Deno.test("Outbox says once that a source cannot be written to", async () => {
  let broken = 0;
  const outbox = new Outbox(
    () => Promise.reject(new Error("reset")),
    () => broken++,
  );
  outbox.send({ type: "heartbeat" });
  await outbox.flushed();
  outbox.send({ type: "heartbeat" });
  await turns();
  assert.equal(broken, 1);
});
