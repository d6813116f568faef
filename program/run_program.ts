import { createApp } from "../web/create_app.ts";
import { type Config, ConfigError } from "../pipeline/config.ts";
import { MarketFileError } from "../pipeline/calendars/load_markets.ts";
import type { Calendar } from "../pipeline/domain/calendar.ts";
import { ListenError } from "../pipeline/listen_error.ts";
import { jsonLog } from "../pipeline/json_log.ts";
import type { Log } from "../pipeline/ports.ts";
import { systemClock } from "../pipeline/system_clock.ts";
import {
  DataDirLockedError,
  DataDirUnusableError,
  EXIT_DATA_DIR_LOCKED,
} from "../db/lock_data_dir.ts";
import type { OpenedAhead } from "../db/open_ahead.ts";
import { type Running, start } from "./start.ts";
import { StartError } from "./start_error.ts";
import type { Services } from "../web/services.ts";

const EXIT_FAILED = 1;
const EXIT_BAD_CONFIG = 2;
/** Longest time to drain; after it the process ends anyhow, safe by design. */
const STOP_MS_MAX = 10_000;
/** A second signal within this time is the first one again. */
const SAME_SIGNAL_MS = 500;

let services: Services | null = null;

/** The web application; importing it starts nothing. */
export const app = createApp(() => services);

/**
 * Runs the program until a signal ends the process.
 *
 * @param http Whether to serve `app` here, or leave that to a host.
 * @param config The settings; may reject with a `ConfigError`.
 * @param ahead What was opened before this was imported.
 * @param calendars Those at hand, by id; read from files if absent.
 */
export async function run(
  { http, config, ahead, calendars }: {
    readonly http: "own" | "host";
    readonly calendars?: ReadonlyMap<string, Calendar>;
    readonly config: Promise<Config>;
    readonly ahead?: Promise<OpenedAhead | null>;
  },
): Promise<void> {
  const stderr = new TextEncoder();
  const log = jsonLog(
    systemClock,
    (line) => Deno.stderr.writeSync(stderr.encode(line + "\n")),
  );
  const starting = start({
    config: await config.catch((error) => Deno.exit(explain(error))),
    ahead,
    root: new URL("../", import.meta.url),
    app,
    http,
    calendars,
    clock: systemClock,
    log,
    onServices: (ready) => services = ready,
  });
  stopOnSignals(starting, log);
  const running = await starting.catch((error) => Deno.exit(explain(error)));
  // What a library prints is a line of the log like every other.
  console.error = console.warn = (...said: unknown[]) =>
    log.error("A library or a page has failed", { said });
  await warnOfPermissions(log);
  for (const line of running.greeting) console.log(line);
  console.log(JSON.stringify({
    event: "listening",
    http: running.http,
    feeds: running.feeds,
  }));
  running.failed.catch((error) => {
    log.error("A part of the program ended, so all of it does", {
      error,
      stack: error instanceof Error ? error.stack : undefined,
    });
    Deno.exit(EXIT_FAILED);
  });
}

/** Whoever breaks in can do what the program may. */
async function warnOfPermissions(log: Log): Promise<void> {
  for (const name of ["run", "ffi"] as const) {
    const { state } = await Deno.permissions.query({ name });
    if (state === "denied" || state === "prompt") continue;
    log.warn(
      "The program has a permission that it does not need; " +
        "`deno task permissions` prints a line with those that it needs",
      { permission: name },
    );
  }
}

/** Drains and ends the process; one that still starts is started first. */
function stopOnSignals(starting: Promise<Running>, log: Log): void {
  let stoppedAt: number | null = null;
  const stop = async (why: string) => {
    if (stoppedAt !== null) {
      // Ctrl-C may come twice: from the terminal, and passed on by `deno task`.
      if (performance.now() - stoppedAt < SAME_SIGNAL_MS) return;
      Deno.exit(EXIT_FAILED);
    }
    stoppedAt = performance.now();
    log.info("Stopping", { why });
    setTimeout(() => {
      log.error("Draining took too long, what was not acked comes again");
      Deno.exit(EXIT_FAILED);
    }, STOP_MS_MAX);
    await (await starting).stop();
    log.info("Stopped");
    Deno.exit(0);
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      stop(name).catch((error) => {
        log.error("Cannot stop cleanly", { error });
        Deno.exit(EXIT_FAILED);
      });
    });
  }
}

/** Tells a person why the program cannot start; the exit code for it. */
function explain(error: unknown): number {
  if (error instanceof DataDirLockedError) {
    console.error(error.message);
    return EXIT_DATA_DIR_LOCKED;
  }
  if (
    error instanceof ConfigError || error instanceof StartError ||
    error instanceof MarketFileError || error instanceof ListenError ||
    error instanceof DataDirUnusableError
  ) {
    console.error(error.message);
    return EXIT_BAD_CONFIG;
  }
  console.error(error);
  return EXIT_FAILED;
}
