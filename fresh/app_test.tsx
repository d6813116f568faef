import assert from "node:assert/strict";
import {
  App,
  createDefine,
  HttpError,
  type Middleware,
  page,
  type PageProps,
} from "./mod.ts";

interface State {
  seen: string[];
}

const define = createDefine<State>();

async function ask(
  app: App<State>,
  path: string,
  init?: RequestInit,
): Promise<{ status: number; text: string; headers: Headers }> {
  const request = new Request("http://localhost" + path, init);
  const response = await app.handler()(request);
  const { status, headers } = response;
  return { status, headers, text: await response.text() };
}

/** Runs without the log lines that an expected failure writes. */
async function quietly<T>(run: () => Promise<T>): Promise<T> {
  const { error } = console;
  console.error = () => {};
  try {
    return await run();
  } finally {
    console.error = error;
  }
}

const note = (name: string): Middleware<State> => (ctx) => {
  ctx.state.seen = [...ctx.state.seen ?? [], name];
  return ctx.next();
};

const tell = (ctx: { state: State }) =>
  new Response((ctx.state.seen ?? []).join(" "));

Deno.test("App runs middlewares from the root inwards, in call order", async () => {
  const app = new App<State>()
    .use(note("a"), note("b"))
    .use("/x", note("x"))
    .use("/x/y", note("y"))
    .get("/x/y/z", tell)
    .get("/other", tell);
  assert.equal((await ask(app, "/x/y/z")).text, "a b x y");
  assert.equal((await ask(app, "/other")).text, "a b");
});

Deno.test("App runs a middleware only for what was added after it", async () => {
  const app = new App<State>().get("/early", tell).use(note("late"))
    .get("/after", tell);
  assert.equal((await ask(app, "/early")).text, "");
  assert.equal((await ask(app, "/after")).text, "late");
});

Deno.test("App lets a middleware see and replace the response", async () => {
  const app = new App<State>().use(async (ctx) => {
    const response = await ctx.next();
    return new Response(`[${await response.text()}]`);
  }).get("/", () => new Response("a"));
  assert.equal((await ask(app, "/")).text, "[a]");
});

Deno.test("App answers each method by its handler, or with 405", async () => {
  const app = new App<State>()
    .get("/a", () => new Response("get"))
    .post("/a", () => new Response("post"));
  assert.equal((await ask(app, "/a")).text, "get");
  assert.equal((await ask(app, "/a", { method: "POST" })).text, "post");
  assert.equal((await ask(app, "/a", { method: "PUT" })).status, 405);
  const options = await ask(app, "/a", { method: "OPTIONS" });
  assert.equal(options.status, 204);
  assert.equal(options.headers.get("Allow"), "GET, POST");
});

Deno.test("App answers HEAD as GET without a body, and ends its stream", async () => {
  let isCancelled = false;
  const app = new App<State>().get("/", () => {
    const body = new ReadableStream({
      cancel() {
        isCancelled = true;
      },
    });
    return new Response(body, { headers: { "X-Kind": "stream" } });
  });
  const response = await ask(app, "/", { method: "HEAD" });
  assert.equal(response.text, "");
  assert.equal(response.headers.get("X-Kind"), "stream");
  assert.ok(isCancelled);
});

Deno.test("App collapses slashes, so that no path hides from a middleware", async () => {
  const app = new App<State>().use("/admin", () => new Response("no"))
    .get("/admin/x", () => new Response("yes"));
  assert.equal((await ask(app, "//admin///x")).text, "no");
});

Deno.test("App runs root middlewares for a path that it does not have", async () => {
  const seen: string[] = [];
  const app = new App<State>().use((ctx) => {
    seen.push(ctx.url.pathname);
    return ctx.next();
  });
  const response = await ask(app, "/nowhere");
  assert.equal(response.status, 404);
  assert.equal(response.text, "Not Found");
  assert.deepEqual(seen, ["/nowhere"]);
});

Deno.test("App tells an HttpError's message and nothing of other errors", async () => {
  const app = new App<State>()
    .get("/http", () => {
      throw new HttpError(403, "Not for you");
    })
    .get("/bug", () => {
      throw new Error("secret");
    });
  const http = await ask(app, "/http");
  assert.deepEqual([http.status, http.text], [403, "Not for you"]);
  const bug = await quietly(() => ask(app, "/bug"));
  assert.deepEqual([bug.status, bug.text], [500, "Internal server error"]);
});

Deno.test("App refuses a handler that does not return a response", async () => {
  const wrong = (() => "text") as unknown as Middleware<State>;
  const app = new App<State>().get("/", wrong);
  assert.equal((await quietly(() => ask(app, "/"))).status, 500);
});

Deno.test("App renders a page in its layouts and its app, outermost first", async () => {
  const wrap = (name: string) => ({ Component }: PageProps) => (
    <div class={name}>
      <Component />
    </div>
  );
  const app = new App<State>()
    .appWrapper(({ Component }) => (
      <html>
        <head />
        <body>
          <Component />
        </body>
      </html>
    ))
    .layout("/", wrap("outer"))
    .layout("/in", wrap("inner"))
    .get("/in/page", (ctx) => ctx.render(<p>page</p>));
  assert.equal(
    (await ask(app, "/in/page")).text,
    '<!DOCTYPE html><html><head></head><body><div class="outer">' +
      '<div class="inner"><p>page</p></div></div></body></html>',
  );
});

Deno.test("App lets a layout leave out the wrappers outside of it", async () => {
  const Plain = ({ Component }: PageProps) => <Component />;
  const app = new App<State>()
    .appWrapper(() => <p>app</p>)
    .layout("/", () => <p>layout</p>)
    .layout("/bare", Plain, {
      skipAppWrapper: true,
      skipInheritedLayouts: true,
    })
    .get("/bare/page", (ctx) => ctx.render(<b>x</b>));
  const { text } = await ask(app, "/bare/page");
  assert.match(text, /<body><b>x<\/b><\/body>/);
});

Deno.test("App completes a page without html, head and body", async () => {
  const app = new App<State>().get(
    "/",
    (ctx) => ctx.render(<header>x</header>),
  );
  const { text, headers } = await ask(app, "/");
  assert.equal(
    text,
    '<!DOCTYPE html><html><head><meta charset="utf-8"/></head>' +
      "<body><header>x</header></body></html>",
  );
  assert.equal(headers.get("Content-Type"), "text/html; charset=utf-8");
});

Deno.test("App hands a handler's data, status and headers to the page", async () => {
  const handler = define.handlers({
    GET: () => page({ n: 7 }, { status: 201, headers: { "X-A": "b" } }),
  });
  const component = define.page<typeof handler>(({ data }) => <p>{data.n}</p>);
  const app = new App<State>().route("/", { handler, component });
  const { status, headers, text } = await ask(app, "/");
  assert.equal(status, 201);
  assert.equal(headers.get("X-A"), "b");
  assert.match(text, /<p>7<\/p>/);
});

Deno.test("App renders async pages, which may answer by themselves", async () => {
  const app = new App<State>()
    .route("/page", {
      component: async ({ url }) =>
        await Promise.resolve(<p>{url.pathname}</p>),
    })
    .route("/away", {
      component: async () =>
        await Promise.resolve(new Response("away", { status: 410 })),
    });
  assert.match((await ask(app, "/page")).text, /<p>\/page<\/p>/);
  assert.equal((await ask(app, "/away")).status, 410);
});

Deno.test("App's notFound answers 200 unless it says otherwise", async () => {
  const component = () => <p>lost</p>;
  const plain = new App<State>().notFound({ component });
  assert.equal((await ask(plain, "/x")).status, 200);
  const handler = () => page(undefined, { status: 404 });
  const told = new App<State>().notFound({ component, handler })
    .get("/thrown", () => {
      throw new HttpError(404);
    });
  assert.equal((await ask(told, "/x")).status, 404);
  assert.match((await ask(told, "/thrown")).text, /<p>lost<\/p>/);
});

Deno.test("App's onError answers for its path with the error's status", async () => {
  const Failed = ({ error }: PageProps) => <p>{String(error)}</p>;
  const app = new App<State>()
    .layout("/", ({ Component }) => (
      <main>
        <Component />
      </main>
    ))
    .onError("/api", { component: Failed })
    .get("/api/a", () => {
      throw new HttpError(418, "tea");
    })
    .get("/b", () => {
      throw new HttpError(418, "tea");
    });
  const inside = await ask(app, "/api/a");
  assert.equal(inside.status, 418);
  assert.match(inside.text, /<main><p>HttpError: tea<\/p><\/main>/);
  assert.equal((await ask(app, "/b")).text, "tea");
});

Deno.test("App skips what a middleware does after next() on an error page", async () => {
  let isReached = false;
  const app = new App<State>()
    .onError("*", () => new Response("page", { status: 500 }))
    .use(async (ctx) => {
      const response = await ctx.next();
      isReached = true;
      return response;
    })
    .get("/", () => {
      throw new Error("bug");
    });
  const { text } = await quietly(() => ask(app, "/"));
  assert.equal(text, "page");
  assert.equal(isReached, false);
});

Deno.test("App keeps apart the state of requests at the same time", async () => {
  const app = new App<State>().use(note("a")).get("/:id", async (ctx) => {
    ctx.state.seen.push(ctx.params.id);
    await Promise.resolve();
    return tell(ctx);
  });
  const handler = app.handler();
  const texts = await Promise.all(
    ["1", "2", "3"].map(async (id) =>
      (await handler(new Request("http://localhost/" + id))).text()
    ),
  );
  assert.deepEqual(texts, ["a 1", "a 2", "a 3"]);
});
