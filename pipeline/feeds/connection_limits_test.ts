import assert from "node:assert/strict";
import { OpenConnections } from "./connection_limits.ts";

Deno.test("OpenConnections bounds all, and those of an address but our own", () => {
  const open = new OpenConnections({ connectionsMax: 8, perAddressMax: 2 });
  const enter = (address: string) => open.enter(address);
  const first = enter("192.0.2.1");
  assert.ok(first && enter("192.0.2.1"));
  assert.equal(enter("192.0.2.1"), null);
  assert.ok(enter("192.0.2.2"));
  for (const own of ["127.0.0.1", "::1", "127.0.0.1", "::ffff:127.0.0.1"]) {
    assert.ok(enter(own), own);
  }
  first.leave();
  assert.ok(enter("192.0.2.1"));
  assert.ok(enter("127.0.0.1"));
  assert.equal(enter("127.0.0.1"), null, "eight are open");
});
