import { type Program, startProgram } from "../harness/program.ts";
import type { Target } from "./attacks.ts";

/** Secrets that must not come to light anywhere. */
export const CANARIES = {
  API_TOKEN: "canary-of-the-api-token",
  WEBHOOK_TOKEN: "canary-of-the-webhooks",
  SIGNAL_WEBHOOKS: "http://127.0.0.1:9/canary-of-a-receiver",
};

/** The program as it is attacked: with a sign-in, two listeners and bounds. */
export async function startTarget(
  dataDir: string,
  bounds: {
    readonly descriptors: number;
    readonly connections: number;
    readonly streams: number;
  },
  /** More of its settings, such as where its servers are. */
  more: Readonly<Record<string, string>> = {},
): Promise<{ readonly program: Program; readonly target: Target }> {
  // One of them from a file, as systems hand secrets over.
  const tokenFile = await Deno.makeTempFile({ prefix: "tickhouse-token-" });
  await Deno.writeTextFile(tokenFile, `${CANARIES.API_TOKEN}\n`);
  const { API_TOKEN: _, ...canaries } = CANARIES;
  const program = await startProgram({
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    FEEDS: "listen://127.0.0.1:0,listen://127.0.0.1:0?format=csv",
    INSTRUMENTS_MAX: "60",
    HTTP_CONNECTIONS_MAX: String(bounds.connections),
    STREAMS_MAX: String(bounds.streams),
    API_TOKEN_FILE: tokenFile,
    ...canaries,
    ...more,
  }, { descriptors: bounds.descriptors }).finally(() => Deno.remove(tokenFile));
  const headers = { Authorization: `Bearer ${CANARIES.API_TOKEN}` };
  return { program, target: { http: program.http, headers } };
}
