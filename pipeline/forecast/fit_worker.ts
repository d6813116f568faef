/// <reference lib="deno.worker" />
/** Fits in a thread of its own, where a slow or broken fit harms nobody. */
import {
  fitInstrument,
  type FitJob,
  type FitOutcome,
} from "./fit_instrument.ts";
import { loadNpmArima } from "./npm_arima.ts";
import { WasmEngine } from "./wasm_engine.ts";

/** To the Worker. */
export interface FitRequest {
  readonly id: number;
  readonly job: FitJob;
}

/** From the Worker. */
export interface FitReply {
  readonly id: number;
  readonly outcome: FitOutcome;
  /** Why this Worker must be replaced before its next job, or `null`. */
  readonly poisoned: string | null;
}

const engine = new WasmEngine(loadNpmArima());

self.addEventListener("message", (event: MessageEvent<FitRequest>) => {
  const { id, job } = event.data;
  const outcome = fitInstrument(engine, job);
  const reply: FitReply = { id, outcome, poisoned: engine.poisoned };
  self.postMessage(reply);
});
