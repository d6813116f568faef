import assert from "node:assert/strict";
import type { ComponentChildren, VNode } from "preact";
import * as signals from "@preact/signals";
import { readPageData } from "./page_data.ts";
import { registerIslands } from "./islands.ts";
import { App } from "./mod.ts";
import { Head } from "./runtime.ts";

const { signal } = signals;

function Box(props: { label: unknown; children?: ComponentChildren }) {
  return <i>{String(props.label)}</i>;
}

function Outer() {
  return (
    <section>
      <Box label="inner" />
    </section>
  );
}

registerIslands("islands_Test.js", { Box, Outer, notOne: 1 });

async function render(vnode: VNode): Promise<string> {
  const app = new App()
    .appWrapper(({ Component }) => (
      <html>
        <head>
          <title>App</title>
          <meta name="description" content="of the app" />
        </head>
        <body>
          <Component />
        </body>
      </html>
    ))
    .get("/", (ctx) => ctx.render(vnode));
  const response = await app.handler()(new Request("http://localhost/"));
  assert.equal(response.status, 200);
  return await response.text();
}

function dataOf(html: string) {
  const [, text] =
    /<script type="application\/json" id="islands">(.*?)<\/script>/s
      .exec(html)!;
  return readPageData(text, signals);
}

Deno.test("a page without islands ships no script", async () => {
  const html = await render(<p>text</p>);
  assert.doesNotMatch(html, /<script|modulepreload|<!--/);
});

Deno.test("an island's markup stands between two comments, its props apart", async () => {
  const html = await render(
    <main>
      <Box label="a" />
      <Box label="b" />
    </main>,
  );
  assert.match(
    html,
    /<main><!--island:0--><i>a<\/i><!--\/island--><!--island:1--><i>b<\/i><!--\/island--><\/main>/,
  );
  assert.deepEqual(dataOf(html).islands, [
    { module: "islands_Test.js", name: "Box", props: { label: "a" } },
    { module: "islands_Test.js", name: "Box", props: { label: "b" } },
  ]);
});

Deno.test("a page with islands has one external script and no inline one", async () => {
  const html = await render(<Box label="a" />);
  const scripts = [...html.matchAll(/<script([^>]*)>/g)].map(([, text]) =>
    text
  );
  assert.equal(scripts.length, 2);
  assert.match(scripts[0], /type="application\/json"/);
  assert.match(scripts[1], /type="module" src="\/_fresh\/js\/\w+\/boot\.js"/);
});

Deno.test("an island inside another belongs to the outer one", async () => {
  const html = await render(<Outer />);
  assert.match(html, /<!--island:0--><section><i>inner<\/i><\/section><!--\/i/);
  assert.equal(dataOf(html).islands.length, 1);
});

Deno.test("text cannot pass for markup, in the page or in an island's props", async () => {
  const nasty =
    "</body></head><!--/island--></script><script>alert(1)</script>";
  const html = await render(
    <main title={nasty}>
      <Box label={nasty} />
      {nasty}
    </main>,
  );
  assert.equal(html.match(/<\/body>/g)?.length, 1);
  assert.equal(html.match(/<\/head>/g)?.length, 1);
  assert.equal(html.match(/<script/g)?.length, 2);
  assert.equal(html.match(/<!--\/island-->/g)?.length, 1);
  assert.deepEqual(dataOf(html).islands[0].props, { label: nasty });
});

Deno.test("a signal given to two islands of a page arrives as one", async () => {
  const shared = signal(1);
  const html = await render(
    <>
      <Box label={shared} />
      <Box label={shared} />
    </>,
  );
  const [a, b] = dataOf(html).islands;
  assert.equal(a.props.label, b.props.label);
});

Deno.test("an island is given no JSX, and the failure says which", async () => {
  const { error } = console;
  const logged: unknown[] = [];
  console.error = (...args) => logged.push(...args);
  try {
    const app = new App().get("/", (ctx) =>
      ctx.render(
        <Box label="a">
          <p>child</p>
        </Box>,
      ));
    const response = await app.handler()(new Request("http://localhost/"));
    assert.equal(response.status, 500);
    assert.match(String(logged[0]), /Cannot send props.* to island Box: .*JSX/);
  } finally {
    console.error = error;
  }
});

Deno.test("<Head> replaces what says the same and adds the rest", async () => {
  const html = await render(
    <>
      <Head>
        <title>Page</title>
        <meta name="description" content="of the page" />
        <link rel="alternate" href="/feed" key="feed" />
      </Head>
      <p>text</p>
    </>,
  );
  assert.match(
    html,
    /<head><title>Page<\/title><meta name="description" content="of the page"\/><link rel="alternate" href="\/feed"\/><\/head>/,
  );
});

Deno.test("a title in the body, as in SVG, stays where it is", async () => {
  const html = await render(
    <svg>
      <title>shape</title>
    </svg>,
  );
  assert.match(html, /<svg><title>shape<\/title><\/svg>/);
  assert.match(html, /<title>App<\/title>/);
});

Deno.test("pages rendered at the same time keep their islands apart", async () => {
  const pages = await Promise.all(
    ["a", "b", "c"].map((label) => render(<Box label={label} />)),
  );
  assert.deepEqual(
    pages.map((html) => dataOf(html).islands.map(({ props }) => props.label)),
    [["a"], ["b"], ["c"]],
  );
});
