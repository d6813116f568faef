import type { Log } from "./ports.ts";

/** For whoever must be given a log and has nobody to read it. */
export const silentLog: Log = { info() {}, warn() {}, error() {} };
