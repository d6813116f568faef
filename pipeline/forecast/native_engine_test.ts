import { NATIVE_ENGINE } from "./native_engine.ts";
import { ENGINE_CASES } from "./testing/engine_contract.ts";

for (const { name, run } of ENGINE_CASES) {
  Deno.test(`the native engine: ${name}`, () => run(NATIVE_ENGINE));
}
