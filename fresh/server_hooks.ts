import { options } from "preact";
import { HeadHost, headHostOf } from "./head_element.ts";
import { islandHostOf } from "./islands.ts";

/**
 * Puts hosts in the place of islands and head elements as they are created.
 * On the server only: a host that finds no page being rendered is plain.
 */
const next = options.vnode;
options.vnode = (vnode) => {
  const { type } = vnode;
  if (type === "head") {
    vnode.type = HeadHost;
  } else if (typeof type === "function") {
    vnode.type = islandHostOf(type) ?? type;
  } else if (typeof type === "string") {
    const host = headHostOf(type);
    if (host !== undefined) {
      vnode.type = host;
      if (vnode.key != null) {
        Object.assign(vnode.props, { headKey: vnode.key });
      }
    }
  }
  next?.(vnode);
};
