import assert from "node:assert/strict";
import { Places } from "./places.ts";

Deno.test("Places bounds all clients, and those of an address but our own", () => {
  const places = new Places();
  const limits = { clients: 6, clientsOfAddress: 2 };
  const first = places.enter("192.0.2.1", limits)!;
  assert.ok(places.enter("192.0.2.1", limits));
  assert.equal(places.enter("192.0.2.1", limits), null);
  first();
  first();
  assert.equal(places.total, 1);
  assert.ok(places.enter("192.0.2.1", limits));
  const isProxy = (address: string) => address === "192.0.2.1";
  assert.ok(places.enter("192.0.2.1", limits, isProxy));
  for (const own of ["127.0.0.1", "127.0.0.1", "127.0.0.1"]) {
    assert.ok(places.enter(own, limits));
  }
  assert.equal(places.enter("192.0.2.2", limits), null);
  assert.equal(places.total, 6);
});
