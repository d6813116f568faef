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
): Promise<{ readonly program: Program; readonly target: Target }> {
  const program = await startProgram({
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    FEEDS: "listen://127.0.0.1:0,listen://127.0.0.1:0?format=csv",
    INSTRUMENTS_MAX: "60",
    HTTP_CONNECTIONS_MAX: String(bounds.connections),
    STREAMS_MAX: String(bounds.streams),
    ...CANARIES,
  }, { descriptors: bounds.descriptors });
  const headers = { Authorization: `Bearer ${CANARIES.API_TOKEN}` };
  return { program, target: { http: program.http, headers } };
}
