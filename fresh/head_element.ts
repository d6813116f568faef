import { type ComponentType, h, type VNode } from "preact";
import { useContext } from "preact/hooks";
import { HeadContext } from "./head.ts";
import { renderState } from "./render_state.ts";

type AnyProps = Record<string, unknown>;

const hosts = new Map(
  ["title", "meta", "link", "style", "base"].map((tag) => [tag, hostOf(tag)]),
);

/** What to render in the place of an element that belongs into a head. */
export function headHostOf(type: unknown): ComponentType<AnyProps> | undefined {
  return hosts.get(type as string);
}

/** `<head>` itself: the elements in it give way to those of `<Head>`. */
export function HeadHost(props: AnyProps): VNode {
  const head = element("head", props);
  return h(HeadContext.Provider, { value: "merge" }, head) as VNode;
}

function hostOf(tag: string): ComponentType<AnyProps> {
  return function HeadElementHost(this: unknown, props: AnyProps) {
    const mode = useContext(HeadContext);
    const state = renderState();
    const { headKey, ...rest } = props;
    const own = element(tag, rest);
    if (state === null || mode === null) return own;
    const key = String(headKey ?? keyOf(tag, rest));
    if (mode === "collect") {
      state.head.set(key, own);
      return null;
    }
    const other = state.head.get(key);
    state.head.delete(key);
    return other ?? own;
  };
}

/** Elements that say the same thing have one key, whatever they say. */
function keyOf(tag: string, props: AnyProps): string {
  if (tag === "title") return tag;
  const value = tag === "meta" ? "content" : tag === "link" ? "href" : "";
  return tag + JSON.stringify(
    Object.entries(props)
      .filter(([name]) => name !== "children" && name !== value)
      .map(([name, content]) => [name, String(content)])
      .sort(),
  );
}

/** The element itself, although h() has put its host there. */
function element(tag: string, props: AnyProps): VNode {
  const vnode = h(tag, props) as VNode;
  vnode.type = tag;
  return vnode;
}
