import assert from "node:assert/strict";
import { fromMillis, toMillis } from "../../pipeline/domain/time.ts";
import { createApp } from "../../web/create_app.ts";
import type { Services } from "../../web/services.ts";
import { fakeServices, NOW } from "./fake_services.ts";

const TOKEN = "a-token-of-24-characters";
const ORIGIN = "http://tickhouse.test";

async function setUp(apiToken: string | null = TOKEN) {
  let now = NOW;
  const steadyMs = () => toMillis(now);
  const base = await fakeServices({ apiToken });
  const services: Services = {
    ...base,
    clock: { ...base.clock, now: () => now, steadyMs },
  };
  const handler = createApp(() => services).handler();
  const ask = async (
    path: string,
    { from = "192.0.2.1", ...init }: RequestInit & { from?: string } = {},
  ) => {
    const response = await handler(
      new Request(ORIGIN + path, { redirect: "manual", ...init }),
      {
        remoteAddr: { transport: "tcp", hostname: from, port: 1 },
        completed: Promise.resolve(),
      },
    );
    return { response, text: await response.text() };
  };
  const post = (
    path: string,
    form: Record<string, string>,
    headers: HeadersInit = { "Sec-Fetch-Site": "same-origin" },
    from?: string,
  ) =>
    ask(path, {
      method: "POST",
      body: new URLSearchParams(form),
      headers,
      from,
    });
  return {
    ask,
    post,
    status: async (path: string, headers: HeadersInit = {}) =>
      (await ask(path, { headers })).response.status,
    pass(ms: number) {
      now = fromMillis(toMillis(now) + ms);
    },
  };
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const cookieOf = (response: Response) =>
  response.headers.get("set-cookie")!.split(";")[0];

Deno.test("with a token set, pages and API ask for it, probes do not", async () => {
  const { ask, status } = await setUp();
  assert.equal(await status("/livez"), 200);
  for (const path of ["/api/instruments", "/udf/config", "/metrics"]) {
    const { response } = await ask(path);
    assert.equal(response.status, 401, path);
    assert.match(response.headers.get("www-authenticate")!, /^Bearer/);
    assert.equal(await status(path, bearer("wrong")), 401);
    assert.equal(await status(path, bearer(TOKEN)), 200);
  }
  const { response } = await ask("/?a=1");
  assert.equal(response.status, 303);
  assert.equal(response.headers.get("location"), "/login?next=%2F%3Fa%3D1");
});

Deno.test("the page of the sign-in keeps proof of the token, not the token", async () => {
  const { ask, post, status } = await setUp();
  const form = (await ask("/login?next=/system")).text;
  assert.match(form, /<form method="POST" action="\/login"/);
  assert.match(form, /name="next" value="\/system"/);
  assert.doesNotMatch(form, /Sign out/);
  const wrong = await post("/login", { token: "wrong", next: "/" });
  assert.equal(wrong.response.status, 401);
  assert.match(wrong.text, /role="alert">That is not the token/);

  const { response } = await post("/login", { token: TOKEN, next: "/system" });
  assert.equal(response.status, 303);
  const set = response.headers.get("set-cookie")!;
  assert.match(set, /^__Host-tickhouse=/);
  for (const word of ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"]) {
    assert.ok(set.split("; ").includes(word), word);
  }
  assert.doesNotMatch(set, /Domain/i);
  assert.ok(!set.includes(TOKEN));

  const headers = { Cookie: `a=b; ${cookieOf(response)}` };
  assert.equal(await status("/api/instruments", headers), 200);
  const on = await ask(response.headers.get("location")!, { headers });
  assert.equal(on.response.headers.get("location"), "/system");
  const page = await ask("/system", { headers });
  assert.match(page.text, /<form method="POST" action="\/logout">/);
  const noCookie = await ask(response.headers.get("location")!);
  assert.match(noCookie.text, /did not keep the sign-in/);
});

Deno.test("a sign-in ends with its time, its token and the sign-out", async () => {
  const { post, status, pass } = await setUp();
  const { response } = await post("/login", { token: TOKEN, next: "/" });
  const own = cookieOf(response);
  const [, expires, proof] = /=(\d+)\.([0-9a-f]+)$/.exec(own)!;
  const api = (cookie: string) =>
    status("/api/instruments", { Cookie: cookie });
  assert.equal(await api(own), 200);
  for (
    const forged of [
      `__Host-tickhouse=${Number(expires) + 1}.${proof}`,
      `__Host-tickhouse=${expires}.${proof.replace(/./, "x")}`,
      `__Host-tickhouse=${expires}.`,
      `tickhouse=${expires}.${proof}`,
      `__Host-tickhouse=${TOKEN}`,
    ]
  ) assert.equal(await api(forged), 401, forged);

  const other = await setUp("another-token-of-27-letters");
  assert.equal(
    await other.status("/api/instruments", { Cookie: own }),
    401,
  );
  const out = await post("/logout", {}, {
    Cookie: own,
    "Sec-Fetch-Site": "same-origin",
  });
  assert.equal(out.response.status, 303);
  assert.match(
    out.response.headers.get("set-cookie")!,
    /^__Host-tickhouse=; .*Max-Age=0$/,
  );
  pass(7 * 86_400_000);
  assert.equal(await api(own), 401);
});

Deno.test("a sign-in leads on to pages of this site only", async () => {
  const { post } = await setUp();
  for (
    const next of [
      "//evil.example/",
      "/\\evil.example/",
      "https://evil.example/",
      "javascript:alert(1)",
      "/\r\nSet-Cookie: a=b",
    ]
  ) {
    const { response } = await post("/login", { token: TOKEN, next });
    const location = response.headers.get("location")!;
    assert.equal(
      new URL(location, ORIGIN).searchParams.get("next"),
      "/",
      next,
    );
  }
});

Deno.test("who guesses tokens has ten tries, then one in six seconds", async () => {
  const { ask, post, status, pass } = await setUp();
  const signedIn = cookieOf(
    (await post("/login", { token: TOKEN, next: "/" })).response,
  );
  for (let i = 0; i < 5; i++) {
    assert.equal(
      (await post("/login", { token: `guess ${i}`, next: "/" })).response
        .status,
      401,
    );
    assert.equal(await status("/api/audit", bearer(`guess ${i}`)), 401);
  }
  // Now the right one is not told from wrong ones.
  for (const token of [TOKEN, "wrong"]) {
    const { response, text } = await post("/login", { token, next: "/" });
    assert.equal(response.status, 429);
    assert.equal(response.headers.get("retry-after"), "6");
    assert.match(text, /Try again in 6 s/);
    const api = await ask("/api/audit", { headers: bearer(token) });
    assert.equal(api.response.status, 429);
    assert.equal(api.response.headers.get("retry-after"), "6");
  }
  assert.equal(await status("/api/audit", { Cookie: signedIn }), 200);
  const elsewhere = await ask("/api/audit", {
    headers: bearer(TOKEN),
    from: "192.0.2.2",
  });
  assert.equal(elsewhere.response.status, 200);
  pass(6_000);
  assert.equal(await status("/api/audit", bearer("wrong")), 401);
  assert.equal(await status("/api/audit", bearer(TOKEN)), 429);
  pass(6_000);
  assert.equal(await status("/api/audit", bearer(TOKEN)), 200);
});

Deno.test("what changes something must come from here", async () => {
  const { post } = await setUp();
  const signIn = async (headers: Record<string, string>) =>
    (await post("/login", { token: TOKEN, next: "/" }, headers)).response;
  const cookie = cookieOf(await signIn({ "Sec-Fetch-Site": "none" }));
  const cases: readonly [number, Record<string, string>][] = [
    [303, { "Sec-Fetch-Site": "same-origin" }],
    [303, { "Sec-Fetch-Site": "same-origin", Origin: "null" }],
    [303, { Origin: ORIGIN }],
    [303, {}],
    [403, { "Sec-Fetch-Site": "cross-site" }],
    [403, { "Sec-Fetch-Site": "same-site" }],
    [403, { "Sec-Fetch-Site": "cross-site", Origin: ORIGIN }],
    [403, { Origin: "http://evil.example" }],
    [403, { Origin: "http://tickhouse.test:81" }],
    [403, { Origin: "null" }],
    [403, { Origin: "" }],
    [403, { Cookie: cookie }],
  ];
  for (const [status, headers] of cases) {
    for (const path of ["/login", "/logout"]) {
      const sent = path === "/logout"
        ? { ...headers, Cookie: cookie }
        : headers;
      const { response } = await post(path, { token: TOKEN, next: "/" }, sent);
      const bare = path === "/logout" && Object.keys(headers).length === 0;
      assert.equal(
        response.status,
        bare ? 403 : status,
        `${path} ${JSON.stringify(headers)}`,
      );
    }
  }
});

Deno.test("no other site may read an answer, with or without a cookie", async () => {
  const { ask, post } = await setUp();
  const { response } = await post("/login", { token: TOKEN, next: "/" });
  const own = cookieOf(response);
  for (const origin of [ORIGIN, "http://evil.example", "null"]) {
    for (const cookie of ["", own]) {
      for (const path of ["/", "/api/instruments", "/udf/config", "/livez"]) {
        const answer = await ask(path, {
          headers: { Origin: origin, Cookie: cookie },
        });
        const cors = [...answer.response.headers.keys()].filter((name) =>
          name.startsWith("access-control-")
        );
        assert.deepEqual(cors, [], `${path} to ${origin}`);
      }
    }
  }
});

Deno.test("without a token there is nothing to sign in to", async () => {
  const { ask, post, status } = await setUp(null);
  assert.equal(await status("/api/instruments"), 200);
  const login = await ask("/login?next=/system");
  assert.equal(login.response.headers.get("location"), "/system");
  const { response } = await post("/login", { token: "any", next: "/" });
  assert.equal(response.headers.get("location"), "/");
  assert.equal(response.headers.get("set-cookie"), null);
});
