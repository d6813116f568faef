/**
 * What Preact takes for an element whose children are the nodes between two
 * others, so that an island needs no element of its own around it.
 */
export function rangeRoot(start: Text, end: Text): Element {
  const parent = start.parentNode as Element;
  const root = {
    nodeType: 1,
    parentNode: parent,
    namespaceURI: parent.namespaceURI,
    ownerDocument: parent.ownerDocument,
    nextSibling: null,
    get firstChild(): ChildNode | null {
      return start.nextSibling === end ? null : start.nextSibling;
    },
    get childNodes(): ChildNode[] {
      const nodes: ChildNode[] = [];
      let node = start.nextSibling;
      while (node !== null && node !== end) {
        nodes.push(node);
        node = node.nextSibling;
      }
      return nodes;
    },
    insertBefore: (node: Node, before: Node | null) =>
      parent.insertBefore(node, before ?? end),
    appendChild: (node: Node) => parent.insertBefore(node, end),
    removeChild: (node: Node) => parent.removeChild(node),
    contains: (node: Node | null) =>
      root.childNodes.some((child) => child.contains(node)),
  };
  return root as unknown as Element;
}
