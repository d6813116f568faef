/** Cookie with the symbols that are pinned: the server renders them on top. */
const COOKIE = "tickhouse_pinned";
export const PINNED_MAX = 64;
const MAX_AGE_SECONDS = 400 * 24 * 3_600;

/** The symbols pinned, from a request's `Cookie` header or `document.cookie`. */
export function pinnedFromCookie(cookies: string | null): readonly string[] {
  const value = (cookies ?? "").split(";").map((part) => part.trim())
    .find((part) => part.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
  if (!value) return [];
  try {
    const symbols = value.split(",").map(decodeURIComponent).filter(Boolean);
    return [...new Set(symbols)].slice(0, PINNED_MAX);
  } catch {
    return [];
  }
}

/** What to assign to `document.cookie`. */
export function pinnedToCookie(symbols: readonly string[]): string {
  const value = symbols.map(encodeURIComponent).join(",");
  const age = symbols.length === 0 ? 0 : MAX_AGE_SECONDS;
  return `${COOKIE}=${value}; Path=/; Max-Age=${age}; SameSite=Strict`;
}

/** Pinned or not, the other way round; the oldest gives way to one too many. */
export function togglePinned(
  symbols: readonly string[],
  symbol: string,
): readonly string[] {
  return symbols.includes(symbol)
    ? symbols.filter((one) => one !== symbol)
    : [...symbols, symbol].slice(-PINNED_MAX);
}
