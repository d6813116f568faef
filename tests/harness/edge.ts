import { parseConfig } from "../../pipeline/config.ts";
import { edgeEnvironment } from "../../program/edge_environment.ts";
import { type EdgeEntry, edgeFlags } from "../../tasks/narrowest_flags.ts";
import { freePort } from "./free_port.ts";

const ROOT = new URL("../../", import.meta.url);
/** Room for a machine that does something else as well. */
const START_MS_MAX = 120_000;
const POLL_MS = 5;

/** The pages at a host of their own, as `deno serve` is one. */
export interface Edge {
  /** As in `http://127.0.0.1:41233`. */
  readonly http: string;
  /** From the start of its process to the end of its first answer. */
  readonly coldMs: number;
  /** All that it has written so far. */
  readonly log: readonly string[];
  stop(): Promise<{ readonly code: number }>;
}

/** Writes what `deno serve` runs. */
export async function buildEdge(): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "build"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Gives a program the islands' code that was built: it bundles none then. */
export async function useBuiltBundle(dataDir: string): Promise<void> {
  const built = new URL("_build/", ROOT);
  const text = await Deno.readTextFile(new URL("manifest.json", built));
  const { buildId, files } = JSON.parse(text);
  const folder = `${dataDir}/bundle/${buildId}`;
  await Deno.mkdir(folder, { recursive: true });
  for (const name of ["manifest.json", ...Object.keys(files)]) {
    await Deno.copyFile(new URL(name, built), `${folder}/${name}`);
  }
}

/**
 * Serves the pages with these settings and no others, under the narrowest
 * permissions, and waits for the first answer.
 */
export async function startEdge(
  env: Readonly<Record<string, string>>,
  entry: EdgeEntry = "_build/edge.js",
): Promise<Edge> {
  const port = freePort();
  const config = parseConfig(edgeEnvironment(env));
  const flags = edgeFlags(config, env, entry)
    .map((flag) => flag.replaceAll("'", ""));
  const startedAt = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "serve",
      "--host=127.0.0.1",
      `--port=${port}`,
      ...flags,
      entry,
    ],
    cwd: ROOT,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const log: string[] = [];
  const reading = Promise.all(
    [child.stdout, child.stderr].map(async (stream) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) {
        log.push(text);
      }
    }),
  );
  const stop = async () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // it has ended by itself
    }
    const { code } = await child.status;
    await reading;
    return { code };
  };
  const http = `http://127.0.0.1:${port}`;
  let ended = false;
  child.status.then(() => ended = true);
  for (;;) {
    const answer = await fetch(`${http}/api/instruments`).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) break;
    if (ended || performance.now() - startedAt > START_MS_MAX) {
      await stop();
      throw new Error(`No answer of deno serve\n${log.join("")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const coldMs = performance.now() - startedAt;
  return { http, coldMs, log, stop };
}
