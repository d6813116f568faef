import assert from "node:assert/strict";
import { nextTurn } from "../../pipeline/next_turn.ts";
import { createApp } from "../../web/create_app.ts";
import {
  type BodySink,
  type BodySource,
  pushedBody,
} from "../../web/pushed_body.ts";
import { SECURITY_HEADERS } from "../../web/security_headers.ts";
import { type HttpHandler, serveHttp } from "../../web/serve_http.ts";
import { fakeServices } from "./fake_services.ts";

const echo: HttpHandler = async (request, info) =>
  new Response(JSON.stringify({
    method: request.method,
    url: request.url,
    body: await request.text(),
    address: (info!.remoteAddr as Deno.NetAddr).hostname,
  }));

async function withServer(
  handler: HttpHandler,
  use: (url: URL) => Promise<void>,
): Promise<void> {
  const server = await serveHttp(handler, { host: "127.0.0.1", port: 0 });
  try {
    await use(new URL(server.url));
  } finally {
    await server.close();
  }
}

/** Sends bytes as they are and reads what comes until the end. */
async function raw(url: URL, text: string): Promise<string> {
  const conn = await Deno.connect({
    hostname: url.hostname,
    port: Number(url.port),
  });
  await conn.write(new TextEncoder().encode(text));
  let answer = "";
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const n = await conn.read(buffer).catch(() => null);
    if (n === null) break;
    answer += new TextDecoder().decode(buffer.subarray(0, n));
  }
  conn.close();
  return answer;
}

function assertSecure(headers: Headers): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    assert.equal(headers.get(name), value, name);
  }
}

Deno.test("a request goes to the handler, its answer comes back", async () => {
  await withServer(echo, async (url) => {
    const response = await fetch(new URL("/a%2Fb?c=d", url), {
      method: "POST",
      body: "hello",
    });
    assert.deepEqual(await response.json(), {
      method: "POST",
      url: `${url.origin}/a%2Fb?c=d`,
      body: "hello",
      address: "127.0.0.1",
    });
    assertSecure(response.headers);
  });
});

Deno.test("every answer of the app has the security headers", async () => {
  const stop = new AbortController();
  const services = await fakeServices({ shutdown: stop.signal });
  const { error } = console;
  console.error = () => {};
  services.audit.audit = () => Promise.reject(new Error("gone"));
  const app = createApp(() => services).handler();
  await withServer(app, async (url) => {
    for (
      const path of [
        "/api/instruments",
        "/api/candles",
        "/api/audit",
        "/nowhere",
        "/livez",
      ]
    ) {
      const response = await fetch(new URL(path, url));
      await response.body?.cancel();
      assertSecure(response.headers);
    }
    const stream = await fetch(new URL("/api/stream", url));
    assertSecure(stream.headers);
    stop.abort();
    assert.match(await stream.text(), /event: snapshot/);
  });
  console.error = error;
});

Deno.test("what no handler needs to see is refused, with the headers", async () => {
  await withServer(echo, async (url) => {
    const host = `Host: ${url.host}\r\n`;
    const cases: [number, string][] = [
      [405, `DELETE / HTTP/1.1\r\n${host}\r\n`],
      [405, `TRACE / HTTP/1.1\r\n${host}\r\n`],
      [414, `GET /${"x".repeat(3_000)} HTTP/1.1\r\n${host}\r\n`],
      [400, "GET http://evil.example/ HTTP/1.1\r\n" + `${host}\r\n`],
      [400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"],
      [421, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"],
      [421, "GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n"],
      [400, "NONSENSE\r\n\r\n"],
      [400, `GET / HTTP/1.1\r\n${host}${host}\r\n`],
      [
        413,
        `POST / HTTP/1.1\r\n${host}Content-Length: 300000000\r\n\r\nbegin`,
      ],
      [
        413,
        `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n` +
        `5000\r\n${"x".repeat(0x5000)}\r\n`,
      ],
    ];
    for (const [status, text] of cases) {
      const answer = await raw(url, text);
      const first = text.slice(0, 40);
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), first);
      assert.match(answer, /content-security-policy: default-src 'none'/i);
    }
  });
});

Deno.test("names of this machine are served", async () => {
  await withServer(echo, async (url) => {
    for (const name of ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"]) {
      const answer = await raw(
        url,
        `GET / HTTP/1.1\r\nHost: ${name}:${url.port}\r\n` +
          "Connection: close\r\n\r\n",
      );
      assert.match(answer, /^HTTP\/1.1 200 /, name);
    }
  });
});

Deno.test("a path of two slashes stays on this host", async () => {
  await withServer(echo, async (url) => {
    const answer = await raw(
      url,
      `GET //evil.example/a HTTP/1.1\r\nHost: ${url.host}\r\n` +
        "Connection: close\r\n\r\n",
    );
    assert.match(answer, new RegExp(`"http://${url.host}//evil.example/a"`));
  });
});

Deno.test("HEAD answers headers without a body", async () => {
  await withServer(() => Promise.resolve(new Response("text")), async (url) => {
    const response = await fetch(url, { method: "HEAD" });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "");
  });
});

Deno.test("several cookies stay several", async () => {
  const handler: HttpHandler = () => {
    const headers = new Headers();
    headers.append("Set-Cookie", "a=1");
    headers.append("Set-Cookie", "b=2");
    return Promise.resolve(new Response(null, { headers }));
  };
  await withServer(handler, async (url) => {
    const response = await fetch(url);
    assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  });
});

Deno.test("a client that leaves cancels the body and aborts the request", async () => {
  const cancelled = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const handler: HttpHandler = (request) => {
    request.signal.addEventListener("abort", () => aborted.resolve());
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("a")),
      cancel: () => cancelled.resolve(),
    });
    return Promise.resolve(new Response(body));
  };
  await withServer(handler, async (url) => {
    const leave = new AbortController();
    const response = await fetch(url, { signal: leave.signal });
    await response.body!.getReader().read();
    leave.abort();
    await Promise.all([cancelled.promise, aborted.promise]);
  });
});

Deno.test("a slow reader holds back a fast body", async () => {
  let made = 0;
  const handler: HttpHandler = () => {
    const body = new ReadableStream({
      pull: (controller) => {
        made++;
        controller.enqueue(new Uint8Array(65_536));
      },
    }, { highWaterMark: 0 });
    return Promise.resolve(new Response(body));
  };
  await withServer(handler, async (url) => {
    const conn = await Deno.connect({
      hostname: url.hostname,
      port: Number(url.port),
    });
    await conn.write(
      new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`),
    );
    let before = 0;
    while (made === 0 || before !== made) {
      before = made;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.ok(made < 1_000, `${made} chunks were made`);
    conn.close();
  });
});

Deno.test("a pushed body goes to its client as it comes, until it ends", async () => {
  const begun = Promise.withResolvers<BodySink>();
  const gone = Promise.withResolvers<void>();
  const body = pushedBody({
    begin: begun.resolve,
    drained: () => {},
    gone: gone.resolve,
  });
  const text = (part: string) => new TextEncoder().encode(part);
  await withServer(() => Promise.resolve(new Response(body)), async (url) => {
    const response = await fetch(url);
    assertSecure(response.headers);
    const sink = await begun.promise;
    const reader = response.body!.pipeThrough(new TextDecoderStream())
      .getReader();
    sink.write([text("one, "), text("two, ")]);
    let read = "";
    while (read !== "one, two, ") read += (await reader.read()).value;
    sink.write([text("three")]);
    sink.end();
    assert.equal((await reader.read()).value, "three");
    assert.equal((await reader.read()).done, true);
    await gone.promise;
  });
});

Deno.test("a slow reader holds back a pushed body, and gets all of it", async () => {
  const part = new Uint8Array(65_536);
  const parts = 400;
  let written = 0;
  const full = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const source: BodySource & { sink?: BodySink } = {
    begin(sink) {
      this.sink = sink;
      this.drained();
    },
    drained() {
      while (written < parts) {
        written++;
        if (!this.sink!.write([part])) return full.resolve();
      }
      this.sink!.end();
    },
    gone: gone.resolve,
  };
  await withServer(
    () => Promise.resolve(new Response(pushedBody(source))),
    async (url) => {
      const response = await fetch(url);
      await full.promise;
      assert.ok(written < parts);
      assert.equal((await response.bytes()).length, parts * part.length);
      await gone.promise;
    },
  );
});

Deno.test("many long bodies at a time come whole", async () => {
  const parts = Array.from(
    { length: 40 },
    (_, i) => new Uint8Array(65_536).fill(i),
  );
  let gone = 0;
  const source = (): BodySource & { sink?: BodySink } => ({
    begin(sink) {
      this.sink = sink;
      if (sink.write(parts)) sink.end();
    },
    drained() {
      this.sink!.end();
    },
    gone: () => void gone++,
  });
  await withServer(
    () => Promise.resolve(new Response(pushedBody(source()))),
    async (url) => {
      const leaving = await fetch(url);
      const all = await Promise.all(
        Array.from({ length: 20 }, async () => (await fetch(url)).bytes()),
      );
      for (const bytes of all) {
        assert.equal(bytes.length, parts.length * 65_536);
        assert.ok(
          parts.every((part, i) =>
            bytes[i * 65_536] === part[0] &&
            bytes[(i + 1) * 65_536 - 1] === part[0]
          ),
        );
      }
      await leaving.body!.cancel();
      while (gone < 21) await nextTurn();
    },
  );
});

Deno.test("a pushed body that is cut takes the connection with it, and a client that leaves is told", async () => {
  for (const cut of [true, false]) {
    const begun = Promise.withResolvers<BodySink>();
    const gone = Promise.withResolvers<void>();
    const body = pushedBody({
      begin: begun.resolve,
      drained: () => {},
      gone: gone.resolve,
    });
    await withServer(() => Promise.resolve(new Response(body)), async (url) => {
      const response = await fetch(url);
      const sink = await begun.promise;
      if (cut) sink.cut(new Error("too slow"));
      else await response.body!.cancel();
      await gone.promise;
      if (cut) await response.bytes().catch(() => {});
    });
  }
});

Deno.test("a handler that throws costs its client the connection, not the server", async () => {
  let calls = 0;
  const handler: HttpHandler = () => {
    calls++;
    return calls === 1
      ? Promise.reject(new Error("broken"))
      : Promise.resolve(new Response("fine"));
  };
  await withServer(handler, async (url) => {
    await assert.rejects(fetch(url));
    assert.equal(await (await fetch(url)).text(), "fine");
  });
});

Deno.test("a port that is taken is told in words", async () => {
  await withServer(echo, async (url) => {
    await assert.rejects(
      serveHttp(echo, { host: "127.0.0.1", port: Number(url.port) }),
      /Cannot serve on 127\.0\.0\.1:\d+ as it must be a free port/,
    );
  });
});

/** What a server sends before anything is unpacked. */
async function sent(
  url: URL,
  path: string,
  accepted: string,
): Promise<{ head: string; length: number }> {
  const text = await raw(
    url,
    `GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\n` +
      `Accept-Encoding: ${accepted}\r\nConnection: close\r\n\r\n`,
  );
  const end = text.indexOf("\r\n\r\n");
  return { head: text.slice(0, end), length: text.length - end };
}

Deno.test("text goes out in gzip to those who take it, streams of events never", async () => {
  const rows = "a line of a table\n".repeat(20_000);
  const answers: Record<string, () => Response> = {
    "/page": () =>
      new Response(rows, {
        headers: { "Content-Type": "text/html", "ETag": '"one"' },
      }),
    "/small": () =>
      new Response("{}", { headers: { "Content-Type": "application/json" } }),
    "/picture": () =>
      new Response(rows, { headers: { "Content-Type": "image/png" } }),
    "/stream": () =>
      new Response(rows, { headers: { "Content-Type": "text/event-stream" } }),
    "/file": () =>
      new Response(rows, {
        headers: {
          "Content-Type": "text/javascript; charset=utf-8",
          "Content-Length": String(rows.length),
          "Cache-Control": "public, max-age=31536000, immutable",
          "ETag": 'W/"two"',
        },
      }),
  };
  const handler: HttpHandler = (request) =>
    Promise.resolve(answers[new URL(request.url).pathname]());
  await withServer(handler, async (url) => {
    for (const path of ["/page", "/file", "/file"]) {
      const packed = await sent(url, path, "br, gzip");
      assert.match(packed.head, /content-encoding: gzip/i);
      assert.match(packed.head, /vary: accept-encoding/i);
      assert.match(packed.head, /etag: W\//i);
      assert.ok(packed.length < 5_000, `${packed.length} bytes`);
      const plain = await sent(url, path, "gzip;q=0, br");
      assert.doesNotMatch(plain.head, /content-encoding/i);
      assert.match(plain.head, /vary: accept-encoding/i);
      assert.ok(plain.length > rows.length);
      assert.equal(await (await fetch(new URL(path, url))).text(), rows);
    }
    for (const path of ["/small", "/picture", "/stream"]) {
      const { head } = await sent(url, path, "gzip");
      assert.doesNotMatch(head, /content-encoding/i, path);
    }
    assert.equal(await (await fetch(new URL("/small", url))).text(), "{}");
  });
});
