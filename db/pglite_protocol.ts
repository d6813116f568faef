import type { BatchOptions, Param, Row, Statement } from "./db.ts";

/** What goes between `connectPglite` and its worker. */
export type PgliteRequest =
  | { readonly kind: "open"; readonly dir: string }
  | {
    readonly kind: "query";
    readonly sql: string;
    readonly params: readonly Param[];
  }
  | {
    readonly kind: "batch";
    readonly statements: readonly Statement[];
    readonly options?: BatchOptions;
  }
  | { readonly kind: "script"; readonly sql: string }
  | { readonly kind: "sync" }
  | { readonly kind: "close" };

export interface PgliteCall {
  readonly id: number;
  readonly request: PgliteRequest;
}

export type PgliteReply =
  | { readonly id: number; readonly returned: PgliteReturned }
  | {
    readonly id: number;
    readonly failed: { readonly message: string; readonly code: string | null };
  };

export type PgliteReturned =
  | readonly Row[]
  | readonly (readonly Row[])[]
  | null;
