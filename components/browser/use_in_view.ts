import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/** Rows just outside are kept up to date, so that scrolling shows no old ones. */
const MARGIN = "200px";

const watched = new WeakMap<Element, (inView: boolean) => void>();
let observer: IntersectionObserver | undefined;

function observe(
  element: Element,
  callback: (inView: boolean) => void,
): () => void {
  observer ??= new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      watched.get(target)?.(isIntersecting);
    }
  }, { rootMargin: MARGIN });
  watched.set(element, callback);
  observer.observe(element);
  return () => {
    observer?.unobserve(element);
    watched.delete(element);
  };
}

/** Does something for as long as an element is in view; `enter` gives its end. */
export function useWhileInView(
  ref: RefObject<Element | null>,
  enter: () => () => void,
): void {
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    let leave: (() => void) | null = null;
    const stop = observe(element, (inView) => {
      if (inView) leave ??= enter();
      else {
        leave?.();
        leave = null;
      }
    });
    return () => {
      stop();
      leave?.();
    };
  }, []);
}
