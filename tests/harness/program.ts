import { keepBundle, useKeptBundle } from "./kept_bundle.ts";
import { TextLineStream } from "./text_line_stream.ts";
import { parseConfig } from "../../pipeline/config.ts";
import { readSecretFiles } from "../../pipeline/secret_files.ts";
import { narrowestFlags } from "../../tasks/narrowest_flags.ts";

const ROOT = new URL("../../", import.meta.url);
/** Room for a machine that does something else as well. */
const START_MS_MAX = 120_000;
const POLL_MS = 100;

/** The whole program in a process of its own, as users run it. */
export interface Program {
  /** As in `http://127.0.0.1:41233`. */
  readonly http: string;
  /** As in `127.0.0.1:41234`, in the order of `FEEDS`. */
  readonly feeds: readonly string[];
  readonly pid: number;
  /** All that it has written to standard output so far. */
  readonly output: readonly string[];
  /** The last lines of its log so far. */
  readonly log: readonly string[];
  /** Its exit code, once it has ended, however it did. */
  readonly ended: Promise<number>;
  signal(signal: Deno.Signal): void;
  /** SIGTERM, then the exit code; the last lines of its log if it is not 0. */
  stop(): Promise<{ readonly code: number; readonly log: string }>;
  /** SIGKILL, and the end of the process. */
  kill(): Promise<void>;
}

/**
 * Starts the program with these settings and nothing else, under the
 * narrowest permissions, and waits until it says where it listens.
 *
 * @param options.bundles It bundles the islands' code as at a first start,
 *   though that was done by another one before.
 * @throws {Error} If it ends first, with what it wrote.
 */
export async function startProgram(
  env: Readonly<Record<string, string>>,
  { bundles = false, descriptors, endsAt, under = [] }: {
    /** What runs it, such as `ip netns exec` with the name of a network. */
    readonly under?: readonly string[];
    readonly bundles?: boolean;
    /** It is ended once its log says this: it will not come to listen. */
    readonly endsAt?: RegExp;
    /** Files and sockets that it may have open, as `ulimit -n` sets them. */
    readonly descriptors?: number;
  } = {},
): Promise<Program> {
  const keptIn = bundles ? undefined : env.DATA_DIR;
  if (keptIn !== undefined) await useKeptBundle(keptIn);
  const flags = narrowestFlags(
    parseConfig(readSecretFiles(env)),
    env,
  ).map(
    (flag) => flag.replaceAll("'", ""),
  );
  const words = [...under, Deno.execPath(), "run", ...flags, "main.ts"];
  const [command, ...args] = descriptors === undefined
    ? words
    : ["sh", "-c", `ulimit -n ${descriptors} && exec "$@"`, "sh", ...words];
  const child = new Deno.Command(command, {
    args,
    cwd: ROOT,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output: string[] = [];
  const log: string[] = [];
  let listening: (line: string) => void;
  const listened = new Promise<string>((resolve) => listening = resolve);
  const reading = Promise.all([
    eachLine(child.stdout, (line) => {
      output.push(line);
      if (line.startsWith('{"event":"listening"')) listening(line);
    }),
    eachLine(child.stderr, (line) => {
      log.push(line);
      if (log.length > 200) log.shift();
      if (endsAt?.test(line)) child.kill("SIGKILL");
    }),
  ]);
  const late = setTimeout(() => child.kill("SIGKILL"), START_MS_MAX);
  const line = await Promise.race([listened, child.status.then(() => null)]);
  clearTimeout(late);
  if (line === null) {
    await reading;
    const { code } = await child.status;
    throw new ProgramEndedError(code, [...output, ...log].join("\n"));
  }
  const { http, feeds } = JSON.parse(line);
  return {
    http,
    feeds: feeds.map((url: string) =>
      new URL(url.replace(/^\w+/, "http")).host
    ),
    pid: child.pid,
    output,
    log,
    ended: child.status.then(({ code }) => code),
    signal: (signal) => child.kill(signal),
    async stop() {
      child.kill("SIGTERM");
      const { code } = await child.status;
      await reading;
      if (keptIn !== undefined) await keepBundle(keptIn);
      return { code, log: log.slice(-40).join("\n") };
    },
    async kill() {
      child.kill("SIGKILL");
      await child.status;
      await reading;
      if (keptIn !== undefined) await keepBundle(keptIn);
    },
  };
}

/** The program ended before it listened. */
export class ProgramEndedError extends Error {
  override name = "ProgramEndedError";

  constructor(readonly code: number, readonly written: string) {
    super(`The program ended with ${code} before it listened:\n${written}`);
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  use: (line: string) => void,
): Promise<void> {
  const lines = stream.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TextLineStream(),
  );
  for await (const line of lines) use(line);
}

/** Asks until `ready` is satisfied with the answer, and returns it. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  ready: (answer: T) => boolean,
  msMax = START_MS_MAX,
): Promise<T> {
  const deadline = Date.now() + msMax;
  for (;;) {
    const answer = await ask().catch((error) => error);
    if (!(answer instanceof Error) && ready(answer)) return answer;
    if (Date.now() > deadline) {
      const last = answer instanceof Error
        ? String(answer)
        : JSON.stringify(answer);
      throw new Error(
        `Waited ${msMax} ms for ${what}; last: ${last?.slice(0, 2_000)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * What the program answers; a 503, which a store is told by that does not
 * answer in time, as where the machine stands still, is asked for again.
 */
export async function ask(
  { http }: Pick<Program, "http">,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const deadline = Date.now() + START_MS_MAX;
  for (;;) {
    const response = await fetch(http + path, init);
    if (response.status !== 503 || Date.now() > deadline) return response;
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The JSON at a path of the program. */
export async function getJson(
  program: Pick<Program, "http">,
  path: string,
  init: RequestInit = {},
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const response = await ask(program, path, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}
