/**
 * Gets JSON of this site.
 *
 * @throws {Error} If the server does not answer, or not with success.
 */
export async function fetchJson<T>(
  path: string,
  signal?: AbortSignal,
): Promise<T> {
  const response = await fetch(path, { signal });
  if (!response.ok) {
    throw new Error(`Cannot get ${path} as it answered ${response.status}`);
  }
  return await response.json();
}
