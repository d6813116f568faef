/**
 * The simulator in a Worker, so that making ticks never holds up the thread
 * that receives them. Ask for it with `startSimulator`.
 */
import type { LogFields } from "../ports.ts";
import { systemClock } from "../system_clock.ts";
import { runSimulator } from "./run_simulator.ts";
import type { FromSimulator, ToSimulator } from "./start_simulator.ts";
import { connectTcp } from "./tcp_connection.ts";

declare const self: {
  onmessage: ((event: MessageEvent<ToSimulator>) => void) | null;
  postMessage(message: FromSimulator): void;
};

const stop = new AbortController();

self.onmessage = ({ data }) => {
  if (data.type === "stop") stop.abort();
  else run(data);
};

async function run(
  { hostname, port, seed, token }: Extract<ToSimulator, { type: "start" }>,
): Promise<void> {
  const log = (level: "info" | "warn" | "error") =>
  (
    message: string,
    fields: LogFields = {},
  ) => self.postMessage({ type: "log", level, message, fields: plain(fields) });
  try {
    await runSimulator({
      connect: (signal) => connectTcp({ hostname, port }, signal),
      seed,
      token,
      clock: systemClock,
      signal: stop.signal,
      log: { info: log("info"), warn: log("warn"), error: log("error") },
    });
    self.postMessage({ type: "stopped", error: null });
  } catch (error) {
    self.postMessage({ type: "stopped", error: String(error) });
  }
}

/** Errors do not travel between threads as they are. */
function plain(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error ? String(value) : value,
    ]),
  );
}
