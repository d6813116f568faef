import type { ApiPostAnswer } from "../../web/api_types.ts";

/** What came of taking lines back, over all that was asked. */
export interface Readmitted {
  readonly taken: number;
  /** Why lines were refused, and how many each time. */
  readonly refused: ReadonlyMap<string, number>;
  /** They may be in the candles later. */
  readonly pending: number;
}

type Answer = ApiPostAnswer<"/api/quarantine/readmit">;

/**
 * Takes lines out of quarantine: the ones named, or all of a reason, page by
 * page.
 *
 * @throws {Error} If the server refuses or does not answer, in its words.
 */
export async function readmit(
  wanted: { readonly ids: readonly string[] } | { readonly reason: string },
): Promise<Readmitted> {
  let taken = 0;
  let pending = 0;
  const refused = new Map<string, number>();
  let cursor: string | null = null;
  do {
    const answer = await post(cursor === null ? wanted : { ...wanted, cursor });
    taken += answer.readmitted.length;
    pending += answer.pending.length;
    for (const { why } of answer.refused) {
      refused.set(why, (refused.get(why) ?? 0) + 1);
    }
    cursor = answer.next;
  } while (cursor !== null);
  return { taken, refused, pending };
}

async function post(body: object): Promise<Answer> {
  const response = await fetch("/api/quarantine/readmit", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(answer.detail ?? `The server answered ${response.status}`);
  }
  return answer;
}
