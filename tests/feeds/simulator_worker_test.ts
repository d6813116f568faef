import assert from "node:assert/strict";
import { startSimulator } from "../../pipeline/feeds/start_simulator.ts";
import { readEpoch } from "../../pipeline/feeds/simulator_sequence.ts";
import { until } from "../harness/program.ts";
import { FakeListener } from "./fake_listener.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

const SYMBOLS = 5;
const HISTORY_TICKS = 6 * 3_600 * SYMBOLS;

Deno.test("startSimulator() sends six hours, and goes on after a restart", async () => {
  const listener = new FakeListener({ window: 1_000_000 });
  const start = () =>
    startSimulator({
      hostname: "127.0.0.1",
      port: listener.port,
      seed: 1,
      log: silentLog,
    });
  try {
    const first = start();
    const acked = (wanted: number) =>
      until(
        `${wanted} acks`,
        () => Promise.resolve(listener.acked),
        (count) => count >= wanted,
      );
    await acked(HISTORY_TICKS / 2);
    await first.stop();
    const { epoch } = listener;
    const second = start();
    await acked(HISTORY_TICKS);
    await second.stop();
    assert.equal(listener.epoch, epoch);
    assert.equal((await second.done).error, null);
  } finally {
    listener.close();
  }
  const { ticks, epoch, hellos } = listener;
  const began = readEpoch(epoch);
  assert(began && began.symbols === SYMBOLS);
  ticks.forEach(({ seq, ts }, i) => {
    assert.equal(seq, i + 1);
    const second = began.startSecond + Math.floor(i / SYMBOLS);
    assert.equal(Math.floor(ts / 1_000), second);
  });
  assert.equal(new Set(ticks.map(({ symbol }) => symbol)).size, SYMBOLS);
  assert(hellos.every(({ simulated }) => simulated === true));
});

Deno.test("startSimulator() says why the listener refused it", async () => {
  const listener = new FakeListener({
    refuse: { code: "content", reason: "the warehouse holds real ticks" },
  });
  try {
    const { error } = await startSimulator({
      hostname: "127.0.0.1",
      port: listener.port,
      seed: 1,
      log: silentLog,
    }).done;
    assert.match(error ?? "", /content.*the warehouse holds real ticks/);
  } finally {
    listener.close();
  }
});
