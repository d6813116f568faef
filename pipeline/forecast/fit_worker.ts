/// <reference lib="deno.worker" />
/** Fits in a thread of its own, where a slow or broken fit harms nobody. */
import {
  fitInstrument,
  type FitJob,
  type FitOutcome,
} from "./fit_instrument.ts";
import type { EngineName } from "./forecast_engine.ts";
import { NATIVE_ENGINE } from "./native_engine.ts";
import { loadNpmArima } from "./npm_arima.ts";
import { WasmEngine } from "./wasm_engine.ts";

/** To the Worker. */
export interface FitRequest {
  readonly id: number;
  readonly engine: EngineName;
  readonly job: FitJob;
}

/** From the Worker. */
export interface FitReply {
  readonly id: number;
  readonly outcome: FitOutcome;
  /** Why this Worker must be replaced before its next job, or `null`. */
  readonly poisoned: string | null;
}

let wasm: WasmEngine | null = null;

function engineOf(name: EngineName) {
  if (name === "native") return NATIVE_ENGINE;
  return wasm ??= new WasmEngine(loadNpmArima());
}

self.addEventListener("message", (event: MessageEvent<FitRequest>) => {
  const { id, engine, job } = event.data;
  const outcome = fitInstrument(engineOf(engine), job);
  const reply: FitReply = { id, outcome, poisoned: wasm?.poisoned ?? null };
  self.postMessage(reply);
});
