import { createHmac } from "node:crypto";
import {
  type EpochMicros,
  MICROS_PER_SECOND,
} from "../pipeline/domain/time.ts";
import { sameSecret } from "../pipeline/same_secret.ts";
import type { Services } from "./services.ts";

/**
 * Browsers take a cookie of this prefix over HTTPS only (and from this
 * machine), for one host and all its paths, and from no neighbour.
 */
const SESSION_COOKIE = "__Host-tickhouse";
const SESSION_SECONDS = 7 * 86_400;
const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict";

/** Paths that answer without a token: probes of balancers have none. */
const OPEN_PATHS = new Set(["/livez", "/readyz", "/login"]);

type Asked = Pick<Services, "apiToken" | "clock">;

export function isOpenPath(path: string): boolean {
  return OPEN_PATHS.has(path);
}

/** Whether a request may see everything: where no token is asked for, any. */
export function isKnown(services: Asked, headers: Headers): boolean {
  return services.apiToken === null || hasRightBearer(services, headers) ||
    isSignedIn(services, headers);
}

/** Whether a request tries a token, the right one or not. */
export function hasBearer(headers: Headers): boolean {
  return bearerOf(headers) !== null;
}

function hasRightBearer(services: Asked, headers: Headers): boolean {
  const bearer = bearerOf(headers);
  return bearer !== null && isToken(services, bearer);
}

/** Whether a text is the token that is asked for. */
export function isToken({ apiToken }: Asked, text: string): boolean {
  return apiToken !== null && sameSecret(text, apiToken);
}

/** Whether a request carries the cookie of a sign-in that still holds. */
export function isSignedIn(
  { apiToken, clock }: Asked,
  headers: Headers,
): boolean {
  if (apiToken === null) return false;
  const match = /^(\d{1,15})\.([0-9a-f]{64})$/.exec(
    cookieOf(headers, SESSION_COOKIE) ?? "",
  );
  if (match === null) return false;
  const [, expires, proof] = match;
  return sameSecret(proof, proofOf(apiToken, expires)) &&
    Number(expires) * MICROS_PER_SECOND > clock.now();
}

/** Whether a request carries a cookie of ours, one that holds or not. */
export function hasCookie(headers: Headers): boolean {
  return cookieOf(headers, SESSION_COOKIE) !== null;
}

/** What keeps a browser signed in: proof of the token, not the token. */
export function sessionCookie(token: string, now: EpochMicros): string {
  const expires = String(Math.floor(now / MICROS_PER_SECOND) + SESSION_SECONDS);
  return `${SESSION_COOKIE}=${expires}.${proofOf(token, expires)}; ` +
    `${ATTRIBUTES}; Max-Age=${SESSION_SECONDS}`;
}

/** What makes a browser forget it. */
export function endedCookie(): string {
  return `${SESSION_COOKIE}=; ${ATTRIBUTES}; Max-Age=0`;
}

function proofOf(token: string, expires: string): string {
  return createHmac("sha256", token).update(`tickhouse session ${expires}`)
    .digest("hex");
}

function bearerOf(headers: Headers): string | null {
  const match = /^Bearer (.{1,512})$/i.exec(headers.get("authorization") ?? "");
  return match?.[1] ?? null;
}

function cookieOf(headers: Headers, name: string): string | null {
  for (const part of (headers.get("cookie") ?? "").split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name && value !== undefined) return value;
  }
  return null;
}
