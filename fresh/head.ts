import { type ComponentChildren, createContext, h } from "preact";

/**
 * What happens to a head element rendered below: `collect` takes it out of a
 * page's `<Head>`, `merge` lets it be replaced by one of the same key.
 */
export const HeadContext = createContext<"collect" | "merge" | null>(null);

/** Moves its title, meta, link and style elements into the page's head. */
export function Head(
  props: { children?: ComponentChildren },
): ComponentChildren {
  // In the browser the server's head stands.
  if (typeof document !== "undefined") return null;
  return h(HeadContext.Provider, { value: "collect" }, props.children);
}
