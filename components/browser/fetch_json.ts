/** The server answered that it cannot, or will not; the message says why. */
export class RequestError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** A connection that hangs is given up. */
const ANSWER_MS_MAX = 20_000;

/**
 * Gets JSON of this site.
 *
 * @throws {RequestError} If the answer is not a success.
 * @throws {Error} If the server does not answer.
 */
export async function fetchJson<T>(
  path: string,
  signal?: AbortSignal,
): Promise<T> {
  const late = AbortSignal.timeout(ANSWER_MS_MAX);
  const response = await fetch(path, {
    signal: signal === undefined ? late : AbortSignal.any([signal, late]),
  });
  if (!response.ok) {
    const problem = await response.json().catch(() => null);
    throw new RequestError(
      response.status,
      problem?.detail ?? response.statusText,
    );
  }
  return await response.json();
}
