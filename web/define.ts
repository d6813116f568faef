import { createDefine } from "fresh";
import type { State } from "./services.ts";

/** Gives handlers and pages the type of `ctx.state`. */
export const define = createDefine<State>();
