import assert from "node:assert/strict";
import { startProxy } from "./proxy.ts";

/** A server that says again what it hears. */
function echo() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      connection.readable.pipeTo(connection.writable).catch(() => {});
    }
  })().catch(() => {});
  return {
    port: (listener.addr as Deno.NetAddr).port,
    close: async () => {
      listener.close();
      await serving;
    },
  };
}

async function heard(connection: Deno.Conn, length: number): Promise<string> {
  const into = new Uint8Array(length);
  let text = "";
  while (text.length < length) {
    const n = await connection.read(into).catch(() => null);
    if (n === null) break;
    text += new TextDecoder().decode(into.subarray(0, n));
  }
  return text;
}

Deno.test("the proxy of chaos runs does what it is told", async (t) => {
  const server = echo();
  const proxy = startProxy(() => server.port);
  const say = async (text: string) => {
    const connection = await Deno.connect({
      hostname: "127.0.0.1",
      port: proxy.port,
    });
    await connection.write(new TextEncoder().encode(text));
    return connection;
  };
  try {
    await t.step("passes on, in slices too", async () => {
      for (const slice of [false, true]) {
        proxy.toxics.slice = slice;
        using connection = await say("hello\n");
        assert.equal(await heard(connection, 6), "hello\n");
      }
      proxy.toxics.slice = false;
    });
    await t.step("holds and releases", async () => {
      proxy.toxics.hold = true;
      using connection = await say("held\n");
      const hearing = heard(connection, 5);
      const first = await Promise.race([
        hearing,
        new Promise((resolve) => setTimeout(() => resolve("nothing"), 100)),
      ]);
      assert.equal(first, "nothing");
      proxy.toxics.hold = false;
      assert.equal(await hearing, "held\n");
    });
    await t.step("flips bytes", async () => {
      proxy.toxics.flipEvery = 3;
      using connection = await say("aaaaaa");
      assert.equal(await heard(connection, 6), "aa\ufffdaa\ufffd");
      assert.equal(proxy.flipped, 2);
      proxy.toxics.flipEvery = 0;
    });
    await t.step("cuts at a byte", async () => {
      using connection = await say("12");
      assert.equal(await heard(connection, 2), "12");
      proxy.cutAfter(3);
      await connection.write(new TextEncoder().encode("34567"));
      const rest = await heard(connection, 5);
      assert("345".startsWith(rest), rest);
    });
    await t.step("resets", async () => {
      using connection = await say("1");
      assert.equal(await heard(connection, 1), "1");
      proxy.reset();
      assert.equal(await heard(connection, 1), "");
    });
  } finally {
    await proxy.close();
    await server.close();
  }
});
