/** An answer that did not come. */
export class LateError extends Error {
  override name = "LateError";
}

/**
 * What a promise comes to, if it does within a time; it goes on in any case.
 *
 * @throws {LateError} If it takes longer.
 */
export function inTime<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new LateError(`No answer within ${ms} ms`)),
      ms,
    );
    answer.then(resolve, reject).finally(() => clearTimeout(late));
  });
}
