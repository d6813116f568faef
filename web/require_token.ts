import { createHash, timingSafeEqual } from "node:crypto";

export const TOKEN_COOKIE = "tickhouse_token";

/** Paths that answer without a token: probes of balancers have none. */
const OPEN_PATHS = new Set(["/livez", "/readyz", "/login"]);

export function isOpenPath(path: string): boolean {
  return OPEN_PATHS.has(path);
}

/** Whether a request carries the token, as a bearer or as our cookie. */
export function isAuthorized(headers: Headers, token: string): boolean {
  const bearer = /^Bearer (.{1,512})$/i.exec(
    headers.get("authorization") ?? "",
  );
  if (bearer !== null && sameText(bearer[1], token)) return true;
  const cookie = cookieOf(headers, TOKEN_COOKIE);
  return cookie !== null && sameText(cookie, cookieValue(token));
}

/** What the cookie holds: proof of the token, not the token. */
export function cookieValue(token: string): string {
  return createHash("sha256").update(`tickhouse cookie ${token}`)
    .digest("hex");
}

/** Compares in a time that does not depend on where texts differ. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

function cookieOf(headers: Headers, name: string): string | null {
  for (const part of (headers.get("cookie") ?? "").split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name && value !== undefined) return value;
  }
  return null;
}
