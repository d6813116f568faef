import { Component, type ComponentType, h, type VNode } from "preact";

/**
 * A component that is drawn again only if its props are not the same: one of
 * them is another value, unless told otherwise.
 *
 * Preact's own is in `preact/compat`, which is as large as Preact itself.
 */
export function memo<P extends object>(
  Inner: ComponentType<P>,
  same: (before: P, after: P) => boolean = sameProps,
): ComponentType<P> {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      return !same(this.props, next);
    }

    override render(props: P): VNode<P> {
      return h(Inner, props) as VNode<P>;
    }
  };
}

export function sameProps(a: object, b: object): boolean {
  const before = a as Record<string, unknown>;
  const after = b as Record<string, unknown>;
  const names = Object.keys(after);
  return names.length === Object.keys(before).length &&
    names.every((name) => Object.is(before[name], after[name]));
}
