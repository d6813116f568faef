/** The part of Fresh that both the server and the browser may import. */
export { asset } from "./build_id.ts";
export { Head } from "./head.ts";
export { HttpError } from "./http_error.ts";

/** Whether the code runs in a browser and not on the server. */
export const IS_BROWSER = typeof document !== "undefined";
