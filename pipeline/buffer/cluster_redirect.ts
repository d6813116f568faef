import { addressOf } from "./cluster_map.ts";
import { RedisRefusal } from "./redis_session.ts";

/** Why a server of a cluster did not do what it was asked. */
export type Redirect =
  /** The slot is there now. */
  | { readonly kind: "moved"; readonly slot: number; readonly address: string }
  /** The slot is on its way there: these keys have arrived. */
  | { readonly kind: "ask"; readonly slot: number; readonly address: string }
  /** Some of the keys have arrived and some not. */
  | { readonly kind: "later" };

/**
 * What the answer of a server says of where to ask instead.
 *
 * @param asked Host of the server that answered.
 * @returns `null` if it says nothing of the kind.
 */
export function redirectOf(error: unknown, asked: string): Redirect | null {
  const refusal = error instanceof Error ? error.cause : undefined;
  if (!(refusal instanceof RedisRefusal)) return null;
  const { message } = refusal;
  if (message.startsWith("TRYAGAIN")) return { kind: "later" };
  const match = /^(MOVED|ASK) (\d+) (\S*):(\d+)/.exec(message);
  if (match === null) return null;
  const [, kind, slot, host, port] = match;
  return {
    kind: kind === "MOVED" ? "moved" : "ask",
    slot: Number(slot),
    address: addressOf(host, Number(port), asked),
  };
}
