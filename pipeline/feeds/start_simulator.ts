import type { Log, LogFields } from "../ports.ts";

/** Messages to the simulator's Worker. */
export type ToSimulator =
  | {
    readonly type: "start";
    readonly hostname: string;
    readonly port: number;
    readonly seed: number;
    readonly token?: string;
  }
  | { readonly type: "stop" };

/** Messages from it. */
export type FromSimulator =
  | {
    readonly type: "log";
    readonly level: "info" | "warn" | "error";
    readonly message: string;
    readonly fields: LogFields;
  }
  | { readonly type: "stopped"; readonly error: string | null };

export interface RunningSimulator {
  /** Resolves when the simulator has ended, with what made it end if bad. */
  readonly done: Promise<{ readonly error: string | null }>;
  /** Ends it; the ticks that were not acked come again at the next start. */
  stop(): Promise<void>;
}

/** How long a Worker may take to stop by itself. */
const STOP_MS = 2_000;

/** What is simulated, towards a listener over TCP. */
export interface Simulation {
  readonly hostname: string;
  readonly port: number;
  readonly seed: number;
  readonly token?: string;
  readonly log: Log;
}

/** Starts the simulator in a Worker of its own. */
export function startSimulator(
  { log, ...target }: Simulation,
): RunningSimulator {
  const worker = new Worker(new URL("./simulator_worker.ts", import.meta.url), {
    type: "module",
    name: "simulator",
  });
  const ended = Promise.withResolvers<{ error: string | null }>();
  const post = (message: ToSimulator) => worker.postMessage(message);
  worker.onmessage = ({ data }: MessageEvent<FromSimulator>) => {
    if (data.type === "log") log[data.level](data.message, data.fields);
    else ended.resolve({ error: data.error });
  };
  worker.onerror = (event) => {
    event.preventDefault();
    ended.resolve({ error: event.message });
  };
  const done = ended.promise.then((end) => {
    worker.terminate();
    if (end.error !== null) {
      log.error("The simulator ended", { error: end.error });
    }
    return end;
  });
  post({ type: "start", ...target });
  return {
    done,
    stop: async () => {
      post({ type: "stop" });
      const timer = setTimeout(() => ended.resolve({ error: null }), STOP_MS);
      await done;
      clearTimeout(timer);
    },
  };
}
