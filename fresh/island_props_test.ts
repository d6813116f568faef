import assert from "node:assert/strict";
import * as signals from "@preact/signals";
import { h } from "preact";
import fc from "fast-check";
import { writePageData } from "./island_props.ts";
import { hasSignals, readPageData } from "./page_data.ts";

const { computed, Signal, signal } = signals;

type Props = Record<string, unknown>;

function roundTrip(...props: Props[]): Props[] {
  const islands = props.map((each) => ({
    module: "islands_A.js",
    name: "A",
    props: each,
  }));
  const text = writePageData({ buildId: "id", islands });
  return readPageData(text, hasSignals(text) ? signals : null).islands.map((
    island,
  ) => island.props);
}

Deno.test("island props keep every kind of value that is promised", () => {
  const props = {
    values: [null, undefined, true, 0, -0, NaN, Infinity, -Infinity, 10n, "a"],
    date: new Date(1764042300123),
    url: new URL("https://example.com/a?b=c"),
    pattern: /a<b/giu,
    map: new Map<unknown, unknown>([["a", new Set([1, 2])], [{ b: 1 }, null]]),
    bytes: new Uint8Array([0, 255]),
    nested: { deep: [{ a: { b: [] } }] },
  };
  assert.deepEqual(roundTrip(props), [props]);
});

Deno.test("island props cannot end their script element, whatever they say", () => {
  const nasty = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>&lt;\u2028\u2029",
    "__proto__",
  ];
  const text = writePageData({
    buildId: "id",
    islands: [{ module: "m", name: "A", props: { nasty } }],
  });
  assert.doesNotMatch(text, /[<>&\u2028\u2029]/);
  assert.deepEqual(roundTrip({ nasty }), [{ nasty }]);
});

Deno.test("island props of any strings come back as they were", () => {
  const key = fc.string().filter((text) => text !== "__proto__");
  fc.assert(fc.property(fc.dictionary(key, fc.string()), (props) => {
    const [found] = roundTrip({ ...props });
    assert.deepEqual(Object.entries(found), Object.entries({ ...props }));
  }));
});

Deno.test("a prop that would become a prototype is refused", () => {
  const props = Object.fromEntries([["__proto__", "found by a random run"]]);
  assert.throws(() => roundTrip({ rows: [props] }), /__proto__/);
});

Deno.test("a signal given to two islands stays one signal", () => {
  const count = signal(3);
  const [a, b] = roundTrip({ count }, { nested: [count] });
  assert.ok(a.count instanceof Signal);
  assert.equal((b.nested as unknown[])[0], a.count);
  assert.equal(a.count.value, 3);
});

Deno.test("a computed signal arrives as one, with its value", () => {
  const count = signal(3);
  const [props] = roundTrip({ twice: computed(() => count.value * 2) });
  const twice = props.twice as signals.Signal<number>;
  assert.equal(twice.value, 6);
  assert.throws(() => twice.value = 1);
});

Deno.test("a prop that cannot be sent is named with its island", () => {
  assert.throws(
    () => roundTrip({ ok: 1 }, { rows: [{ onClick: () => {} }] }),
    /Cannot send props\.rows\[0\]\.onClick to island A: .*function/,
  );
  assert.throws(() => roundTrip({ children: h("p", null) }), /JSX/);
  assert.throws(() => roundTrip({ error: new (class Own {})() }), /island A/);
});
