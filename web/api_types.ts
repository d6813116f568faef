/**
 * The HTTP surface as types: what may be asked, and what is answered. Pages in
 * a browser import it as types alone, so that no schema is sent to them.
 */
import type { z } from "zod";
import type { streamEvents } from "./answers/stream.ts";
import type { OPERATIONS } from "./operations.ts";

type Operation = typeof OPERATIONS[number];
type Of<Path, Method> = Extract<Operation, { path: Path; method: Method }>;

/** The same, which nobody may change. */
export type Immutable<T> = T extends readonly unknown[] | object
  ? { readonly [K in keyof T]: Immutable<T[K]> }
  : T;

/** Paths that answer to GET. */
export type ApiPath = Extract<Operation, { method: "GET" }>["path"];

/** Parameters of a path. */
export type ApiQuery<Path extends ApiPath> = Immutable<
  z.input<Of<Path, "GET">["query"]>
>;

/** JSON of a path's success; `never` if it answers with something else. */
export type ApiAnswer<Path extends ApiPath> = AnswerOf<Of<Path, "GET">>;

/** JSON of success of a path that takes a body. */
export type ApiPostAnswer<Path> = AnswerOf<Of<Path, "POST">>;

/** Data of an event of `/api/stream`. */
export type StreamData<Kind extends keyof typeof streamEvents> = Immutable<
  z.output<typeof streamEvents[Kind]>
>;

type AnswerOf<O> = O extends { readonly answer: infer Schema extends z.ZodType }
  ? Immutable<z.output<Schema>>
  : never;
