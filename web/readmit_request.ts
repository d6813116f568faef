import { z } from "zod";
import {
  parseQuarantineId,
  type QuarantineId,
  quarantineIdText,
} from "../pipeline/domain/quarantine_id.ts";
import { liveJson } from "./etag_response.ts";
import { ProblemError } from "./problem.ts";
import {
  cursorAfter,
  QUARANTINE_LIMIT,
  QUARANTINE_LIMIT_MAX,
  quarantineFilter,
} from "./query_quarantine.ts";
import { readBody } from "./read_body.ts";
import { checkRange, inJson, parameter, timeParameter } from "./read_query.ts";
import { quarantineOf, type Services } from "./services.ts";

/** How long an answer waits for the commit. */
const WAIT_MS = 5_000;

const rowId = parameter(
  "an id of a row of /api/quarantine",
  parseQuarantineId,
);

const wantedIds = z.strictObject({
  ids: z.array(rowId, "an array of ids")
    .min(1, "1 or more ids")
    .max(QUARANTINE_LIMIT_MAX, `at most ${QUARANTINE_LIMIT_MAX} ids`),
}, "an object");

const wantedRows = z.strictObject({
  ...quarantineFilter,
  reason: quarantineFilter.reason.unwrap(),
  from: inJson(timeParameter).optional(),
  to: inJson(timeParameter).optional(),
  limit: inJson(quarantineFilter.limit.unwrap()).default(QUARANTINE_LIMIT),
}, "an object");

/** Which rows: those it names, or those that its filter finds. */
export const readmitBody = z.union([wantedIds, wantedRows]);

/**
 * Takes rows back that a request names, or those that its filter finds.
 *
 * 200 says what came of each; 202 that some are not committed yet.
 *
 * @throws {ProblemError} If the request is not one that a page of ours or a
 * program sends, or not understood.
 */
export async function readmitResponse(
  request: Request,
  services: Services,
): Promise<Response> {
  checkContent(request);
  const wanted = await findWanted(
    await readBody(readmitBody, request),
    services,
  );
  const { desk } = quarantineOf(services);
  const { readmitted, refused, pending } = await desk.readmit(wanted.ids, {
    waitMs: WAIT_MS,
    signal: request.signal,
  });
  return liveJson({
    readmitted: readmitted.map(quarantineIdText),
    refused: refused.map(({ id, why }) => ({ id: quarantineIdText(id), why })),
    pending: pending.map(quarantineIdText),
    next: wanted.next,
  }, pending.length > 0 ? 202 : 200);
}

/** Nothing that a form of another site could send without asking. */
function checkContent(request: Request): void {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ProblemError({
      type: "about:blank",
      title: "Unsupported content",
      status: 415,
      detail: `Content-Type must be application/json, got ${
        JSON.stringify(type.slice(0, 64))
      }`,
    });
  }
}

async function findWanted(
  wanted: z.output<typeof readmitBody>,
  services: Services,
): Promise<{
  readonly ids: readonly QuarantineId[];
  readonly next: string | null;
}> {
  if ("ids" in wanted) return { ids: wanted.ids, next: null };
  checkRange(wanted);
  const { cursor, limit, ...filter } = wanted;
  const rows = await quarantineOf(services).store.find({
    ...filter,
    after: cursor,
    readmitted: false,
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  return {
    ids: page.map(({ id }) => id),
    next: rows.length > limit ? cursorAfter(page[limit - 1]) : null,
  };
}
