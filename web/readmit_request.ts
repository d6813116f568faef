import { z } from "zod";
import {
  parseQuarantineId,
  type QuarantineId,
  quarantineIdText,
} from "../pipeline/domain/quarantine_id.ts";
import { liveJson } from "./etag_response.ts";
import { badParameters, ProblemError } from "./problem.ts";
import {
  cursorAfter,
  QUARANTINE_LIMIT_MAX,
  quarantineFilter,
} from "./query_quarantine.ts";
import { checkRange, readQuery } from "./read_query.ts";
import { quarantineOf, type Services } from "./services.ts";

/** How long an answer waits for the commit. */
const WAIT_MS = 5_000;

const BODY_WANTED = `{"ids": […]} with 1 to ${QUARANTINE_LIMIT_MAX} rows of ` +
  `/api/quarantine, or an object with reason, and any of feed, symbol, from, ` +
  `to, cursor and limit as its parameters are`;

const filterQuery = z.object(quarantineFilter);

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
  const wanted = await readWanted(request, services);
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

async function readWanted(
  request: Request,
  services: Services,
): Promise<{
  readonly ids: readonly QuarantineId[];
  readonly next: string | null;
}> {
  const body = await readBody(request);
  if (Object.hasOwn(body, "ids")) return { ids: readIds(body), next: null };
  const query = readQuery(
    filterQuery,
    new URLSearchParams(
      Object.entries(body).map(([name, value]) => [name, String(value)]),
    ),
  );
  checkRange(query);
  const { cursor, limit, ...filter } = query;
  if (filter.reason === undefined) throw badBody("no reason");
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

async function readBody(
  request: Request,
): Promise<Readonly<Record<string, unknown>>> {
  let value: unknown;
  try {
    value = await request.json();
  } catch {
    throw badBody("not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badBody("another value");
  }
  return value as Readonly<Record<string, unknown>>;
}

function readIds(
  body: Readonly<Record<string, unknown>>,
): readonly QuarantineId[] {
  const { ids, ...more } = body;
  if (!Array.isArray(ids) || Object.keys(more).length > 0) {
    throw badBody("other members");
  }
  if (ids.length < 1 || ids.length > QUARANTINE_LIMIT_MAX) {
    throw badBody(`${ids.length} ids`);
  }
  return ids.map((text) => {
    const id = typeof text === "string" ? parseQuarantineId(text) : null;
    if (id !== null) return id;
    throw badParameters([{
      parameter: "ids",
      value: String(text).slice(0, 64),
      expected: "ids of rows of /api/quarantine",
    }]);
  });
}

function badBody(got: string): ProblemError {
  return new ProblemError({
    type: "about:blank",
    title: "Bad request",
    status: 400,
    detail: `Body must be ${BODY_WANTED}; got ${got}`,
  });
}
