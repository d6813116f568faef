import { z } from "zod";
import { SYMBOL_PATTERN } from "../domain/instrument.ts";
import { sameSecret } from "../same_secret.ts";
import { FEED_PATTERN } from "./control_message.ts";

/** A file of feeds that cannot be used, with every place that is wrong. */
export class FeedRulesError extends Error {
  override name = "FeedRulesError";
}

/** What one feed may do. */
export interface FeedRules {
  readonly token: string;
  /** Symbols it may bring; one that ends in `*` stands for all that begin so. */
  readonly symbols: readonly string[] | null;
  /** Beyond it the feed is made to wait. */
  readonly linesPerSecond: number | null;
}

/** What a connection may do once it is let in. */
export interface FeedGrant {
  readonly allows: (symbol: string) => boolean;
  readonly linesPerSecond: number | null;
}

const SYMBOL = new RegExp(
  SYMBOL_PATTERN.source.replace("{0,31}$", "{0,31}\\*?$"),
);

const rules = z.strictObject({
  token: z.string("must be a text").min(16, "must have 16 characters or more"),
  symbols: z.array(
    z.string().regex(SYMBOL, "must be a symbol, or its beginning and a *"),
  ).min(1, "must name a symbol").optional(),
  lines_per_second: z.int().min(1).max(10_000_000).optional(),
});

const file = z.record(
  z.string().regex(FEED_PATTERN, `must match ${FEED_PATTERN.source}`),
  rules,
);

/**
 * Reads the feeds that may connect, by name, from JSON.
 *
 * @throws {FeedRulesError} If it is none; values are not told.
 */
export function parseFeedRules(
  text: string,
  name: string,
): ReadonlyMap<string, FeedRules> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FeedRulesError(`Cannot read ${name} as it must be JSON`);
  }
  const parsed = file.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) =>
      `${path.join(".") || "the file"}: ${message}`
    );
    throw new FeedRulesError(
      `Cannot use ${name} as it must be feeds by name, each with a token: ` +
        problems.join("; "),
    );
  }
  return new Map(
    Object.entries(parsed.data).map((
      [feed, { token, symbols, lines_per_second }],
    ) => [feed, {
      token,
      symbols: symbols ?? null,
      linesPerSecond: lines_per_second ?? null,
    }]),
  );
}

const ANYTHING: FeedGrant = { allows: () => true, linesPerSecond: null };

/** Lets feeds in by name and token. */
export class FeedGuard {
  constructor(
    /** What a feed without rules of its own must say; `null` for none. */
    private readonly token: string | null = null,
    private readonly rules: ReadonlyMap<string, FeedRules> = new Map(),
  ) {}

  /** Nobody is let in without a token. */
  get asks(): boolean {
    return this.token !== null || this.rules.size > 0;
  }

  /**
   * What a feed may do, or `null` if it is not let in. Whether its name or its
   * token is wrong makes no difference that can be seen.
   */
  admit(feed: string, token: string | undefined): FeedGrant | null {
    if (!this.asks) return ANYTHING;
    const own = this.rules.get(feed);
    const wanted = own?.token ?? this.token;
    const same = sameSecret(token ?? "", wanted ?? "no such feed");
    if (!same || wanted === null) return null;
    return own === undefined ? ANYTHING : {
      allows: allowing(own.symbols),
      linesPerSecond: own.linesPerSecond,
    };
  }
}

function allowing(
  symbols: readonly string[] | null,
): (symbol: string) => boolean {
  if (symbols === null) return () => true;
  const whole = new Set(symbols.filter((one) => !one.endsWith("*")));
  const starts = symbols.filter((one) => one.endsWith("*"))
    .map((one) => one.slice(0, -1));
  return (symbol) =>
    whole.has(symbol) || starts.some((start) => symbol.startsWith(start));
}
