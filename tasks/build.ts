/** Writes the islands' code to `_build/`, for hosts that run `edge.ts`. */
import { writeBundle } from "../fresh/bundle.ts";

const began = performance.now();
await writeBundle("_build");
const seconds = ((performance.now() - began) / 1_000).toFixed(1);
console.log(`Wrote the islands' code to _build/ in ${seconds} s`);
