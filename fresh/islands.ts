import { type ComponentType, createContext, Fragment, h } from "preact";
import { jsxTemplate } from "preact/jsx-runtime";
import { useContext } from "preact/hooks";
import { renderState } from "./render_state.ts";

/** A component whose module is under `islands/`. */
export interface Island {
  readonly module: string;
  readonly name: string;
}

type AnyProps = Record<string, unknown>;
type AnyType = ComponentType<AnyProps>;

const hosts = new Map<unknown, AnyType>();

/** Whether an island is being rendered above: it takes the inner ones along. */
const InsideIsland = createContext(false);

/** Makes every exported function of a module an island. */
export function registerIslands(module: string, exports: AnyProps): void {
  for (const [name, type] of Object.entries(exports)) {
    if (typeof type !== "function") continue;
    hosts.set(type, islandHost({ module, name }, type as AnyType));
  }
}

/** What to render in the place of a component, if it is an island. */
export function islandHostOf(type: unknown): AnyType | undefined {
  return hosts.get(type);
}

/**
 * Wraps an island's markup in two comments that the browser finds it by, and
 * notes its props. Inside another island, and outside of a page, it is plain.
 */
function islandHost(island: Island, type: AnyType): AnyType {
  return function IslandHost(props: AnyProps) {
    const inside = useContext(InsideIsland);
    const state = renderState();
    const plain = h(type, props);
    plain.type = type; // h() has just put the host there again
    if (state === null || inside) return plain;
    const index = state.islands.push({ island, props }) - 1;
    return h(
      Fragment,
      null,
      jsxTemplate([`<!--island:${index}-->`]),
      h(InsideIsland.Provider, { value: true }, plain),
      jsxTemplate(["<!--/island-->"]),
    );
  };
}
