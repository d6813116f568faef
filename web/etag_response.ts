/** Who may keep an answer, and how long. */
export interface Keeping {
  /** Nothing can change it any more; else caches ask whether it was revised. */
  readonly forever?: boolean;
  /** Caches between here and the reader too: whoever asks may have it. */
  readonly shared?: boolean;
}

const YEAR_S = 31_536_000;

/**
 * An answer that can only change by a revision, if at all: revalidated by its
 * content. Caches may keep it, and ask with its tag.
 *
 * The tag is strong, over the body's bytes.
 */
export async function closedRangeResponse(
  request: Request,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
  { forever = false, shared = false }: Keeping = {},
): Promise<Response> {
  const bytes = typeof body === "string"
    ? new TextEncoder().encode(body)
    : body;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const etag = `"${new Uint8Array(digest, 0, 16).toHex()}"`;
  const all = {
    ...headers,
    ETag: etag,
    "Cache-Control": (shared ? "public" : "private") + ", " +
      (forever ? `max-age=${YEAR_S}` : "no-cache"),
  };
  if (matchesEtag(request.headers.get("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers: all });
  }
  return new Response(bytes, { headers: all });
}

/** An answer that is old at once. */
export function liveResponse(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
): Response {
  return new Response(body, {
    headers: { ...headers, "Cache-Control": "no-store" },
  });
}

/** JSON that is old at once. */
export function liveJson(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: {
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
    },
  });
}

/** Weak comparison, as If-None-Match asks for. */
function matchesEtag(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header.split(",").some((one) => {
    const tag = one.trim().replace(/^W\//, "");
    return tag === "*" || tag === etag;
  });
}
