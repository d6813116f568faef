import assert from "node:assert/strict";
import { networkOf, RateLimit } from "./rate_limit.ts";

const second = (n: number) => n * 1_000;

Deno.test("RateLimit gives each address its burst, then so many a second", () => {
  const limit = new RateLimit({ perSecond: 0.5, burst: 3 });
  const taken = (address: string, at: number) =>
    Array.from({ length: 5 }, () => limit.take(address, second(at)))
      .filter(Boolean).length;
  assert.equal(taken("192.0.2.1", 0), 3);
  assert.equal(limit.waitS("192.0.2.1", second(0)), 2);
  assert.equal(taken("192.0.2.2", 0), 3);
  assert.equal(taken("192.0.2.1", 1), 0);
  assert.equal(taken("192.0.2.1", 2), 1);
  assert.equal(taken("192.0.2.1", 1_000), 3);
  assert.equal(limit.waitS("192.0.2.9", second(0)), 0);
});

Deno.test("RateLimit forgets those longest unused", () => {
  const limit = new RateLimit({ perSecond: 1, burst: 1 });
  assert.ok(limit.take("first", second(10)));
  assert.ok(!limit.take("first", second(10)));
  for (let i = 0; i < 10_000; i++) limit.take(`other ${i}`, second(10));
  assert.ok(limit.take("first", second(10)));
});

Deno.test("networkOf() puts the addresses of one customer together", () => {
  const cases = [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:0db8:0001:0002::9", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
  ];
  for (const [address, network] of cases) {
    assert.equal(networkOf(address), network, address);
  }
});
