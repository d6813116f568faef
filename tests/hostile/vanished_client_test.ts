/** A client whose machine vanishes: nothing ends its connection. */
import assert from "node:assert/strict";
import { asRoot, findIp, makeHosts } from "../fleet/hosts.ts";
import { serverTest } from "../harness/servers/installed.ts";
import { TextLineStream } from "../harness/text_line_stream.ts";

serverTest(
  "a stream whose client has vanished with its machine is given up",
  { "iproute2, for root,": asRoot(findIp) },
  async () => {
    const hosts = await makeHosts(2);
    const [own, other] = hosts.all;
    const children: Deno.ChildProcess[] = [];
    const runOn = (
      { under: [program, ...args] }: typeof own,
      ...words: readonly string[]
    ) => {
      const child = new Deno.Command(program, {
        args: [...args, ...words],
        cwd: new URL("../../", import.meta.url),
        stdin: "null",
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      children.push(child);
      return linesOf(child);
    };
    try {
      // The system gives up what nobody acknowledges: here after seconds, and
      // not after the quarter of an hour that is usual.
      const retries = runOn(
        own,
        ...["sh", "-c", "echo 3 > /proc/sys/net/ipv4/tcp_retries2"],
      );
      assert.equal(await retries.next(), null);
      const server = runOn(
        own,
        ...[Deno.execPath(), "run", "--no-prompt", "--allow-net"],
        ...["--allow-read", "--allow-env", "tests/hostile/stream_server.ts"],
      );
      const { port } = JSON.parse((await server.next())!);
      const client = runOn(
        other,
        ...["bash", "-c"],
        `exec 3<>/dev/tcp/${own.address}/${port}
        printf 'GET /api/stream HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' >&3
        exec cat <&3`,
      );
      assert.deepEqual(JSON.parse((await server.next())!), { open: 1 });
      while (await client.next() !== ": heartbeat");
      await other.cut();
      assert.deepEqual(JSON.parse((await server.next())!), { open: 0 });
    } finally {
      for (const child of children) {
        try {
          child.kill("SIGKILL");
        } catch {
          // it has ended
        }
        await child.status;
      }
      await hosts.close();
    }
  },
);

function linesOf({ stdout }: Deno.ChildProcess) {
  const lines = stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())[Symbol.asyncIterator]();
  return {
    async next(): Promise<string | null> {
      const { done, value } = await lines.next();
      return done ? null : value;
    },
  };
}
