import { hasCookie } from "./sign_in.ts";

/** Methods that change nothing. */
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Why a request that changes something does not come from a page of ours, or
 * from a program; `null` if it does.
 *
 * A browser says where a request comes from: newer ones in `Sec-Fetch-Site`,
 * all of them in `Origin`. What says neither is no browser, and has no cookie.
 */
export function fromElsewhere(
  { method, headers, url }: Request,
): string | null {
  if (SAFE.has(method)) return null;
  const site = headers.get("sec-fetch-site");
  if (site !== null) {
    return site === "same-origin" || site === "none"
      ? null
      : wanted("Sec-Fetch-Site", "same-origin or none", site);
  }
  const origin = headers.get("origin");
  if (origin !== null) {
    const { host } = new URL(url);
    return URL.parse(origin)?.host === host
      ? null
      : wanted("Origin", `of ${host}`, origin);
  }
  return hasCookie(headers)
    ? "Origin or Sec-Fetch-Site must come with a cookie, got neither"
    : null;
}

function wanted(name: string, what: string, got: string): string {
  return `${name} must be ${what}, got ${JSON.stringify(got.slice(0, 64))}`;
}
