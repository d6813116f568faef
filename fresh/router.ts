import { type Method, METHODS } from "./handlers.ts";

interface Entry<T> {
  readonly pattern: string;
  readonly byMethod: Map<Method, T>;
}

export interface Match<T> {
  /** What was registered, or null if the path has no such method. */
  readonly item: T | null;
  readonly pattern: string | null;
  readonly params: Record<string, string>;
  /** The methods that the path has. */
  readonly methods: readonly Method[];
}

const IS_PATTERN = /[*:{}+?()]/;

/** Finds what was registered first for a path: exact paths before patterns. */
export class Router<T> {
  #exact = new Map<string, Entry<T>>();
  #patterns = new Map<string, { test: URLPattern; entry: Entry<T> }>();

  /** The first registration of a method and path wins. */
  add(method: Method | "ALL", pattern: string, item: T): void {
    const { byMethod } = this.#entry(pattern);
    for (const each of method === "ALL" ? METHODS : [method]) {
      if (!byMethod.has(each)) byMethod.set(each, item);
    }
  }

  match(method: Method, url: URL): Match<T> {
    const path = url.pathname;
    const other = path.endsWith("/") ? path.slice(0, -1) : path + "/";
    const exact = this.#exact.get(path) ?? this.#exact.get(other);
    if (exact !== undefined) return matchOf(exact, method, {});
    for (const { test, entry } of this.#patterns.values()) {
      const found = test.exec({ pathname: path });
      if (found !== null) return matchOf(entry, method, found.pathname.groups);
    }
    return { item: null, pattern: null, params: {}, methods: [] };
  }

  #entry(pattern: string): Entry<T> {
    const known = this.#exact.get(pattern) ??
      this.#patterns.get(pattern)?.entry;
    if (known !== undefined) return known;
    const entry = { pattern, byMethod: new Map() };
    if (IS_PATTERN.test(pattern)) {
      const test = new URLPattern({ pathname: pattern });
      this.#patterns.set(pattern, { test, entry });
    } else {
      this.#exact.set(pattern, entry);
    }
    return entry;
  }
}

function matchOf<T>(
  { pattern, byMethod }: Entry<T>,
  method: Method,
  groups: Record<string, string | undefined>,
): Match<T> {
  const item = byMethod.get(method) ??
    (method === "HEAD" ? byMethod.get("GET") : undefined) ?? null;
  const params: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(groups)) {
    params[name] = decodeParam(value ?? "");
  }
  return { item, pattern, params, methods: [...byMethod.keys()] };
}

/** As Fresh: `%2F` stays, so that a parameter never gains a slash. */
function decodeParam(value: string): string {
  try {
    return decodeURI(value);
  } catch {
    return value; // a stray "%" stands for itself
  }
}
