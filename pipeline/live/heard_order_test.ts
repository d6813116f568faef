import assert from "node:assert/strict";
import { HeardOrder } from "./heard_order.ts";

Deno.test("HeardOrder knows where a message was heard, or one before it", () => {
  const order = new HeardOrder();
  assert.equal(order.localAt({ from: "a", n: 9 }), null);
  order.note({ from: "a", n: 4 }, 10);
  order.note({ from: "b", n: 1 }, 11);
  order.note({ from: "a", n: 7 }, 15);
  assert.equal(order.localAt({ from: "a", n: 3 }), null, "it was heard before");
  assert.equal(order.localAt({ from: "a", n: 4 }), 10);
  assert.equal(order.localAt({ from: "a", n: 6 }), 10);
  assert.equal(order.localAt({ from: "a", n: 8 }), 15);
  assert.equal(order.localAt({ from: "b", n: 1 }), 11);
});

Deno.test("HeardOrder answers for messages that brought nothing to keep", () => {
  const order = new HeardOrder();
  for (let n = 1; n <= 1_000; n++) order.note({ from: "a", n }, 5);
  assert.equal(order.localAt({ from: "a", n: 1 }), 5);
  assert.equal(order.localAt({ from: "a", n: 1_000 }), 5);
});

Deno.test("HeardOrder keeps its bound and never names a place too new", () => {
  const order = new HeardOrder();
  for (let n = 1; n <= 10_000; n++) order.note({ from: "a", n }, n);
  for (let n = 1; n <= 10_000; n++) {
    const local = order.localAt({ from: "a", n });
    assert.ok(local === null || local <= n, `${n} at ${local}`);
  }
  assert.equal(order.localAt({ from: "a", n: 10_000 }), 10_000);
  for (let i = 0; i < 1_000; i++) order.note({ from: `s${i}`, n: 1 }, i);
  assert.equal(order.localAt({ from: "a", n: 10_000 }), null);
  assert.equal(order.localAt({ from: "s999", n: 1 }), 999);
});
