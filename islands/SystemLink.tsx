import { useEffect, useState } from "preact/hooks";
import { watchOutages } from "../components/browser/watch_outages.ts";
import {
  describeOutage,
  LEVEL_SHAPES,
  type Outage,
  type OutageHere,
} from "../components/outage.ts";

export interface SystemLinkProps extends Outage {
  /** The reader is there. */
  readonly current: boolean;
}

/** The way to the page of the pipeline, which says at once how that is. */
export default function SystemLink({ current, ...first }: SystemLinkProps) {
  const [now, setNow] = useState<OutageHere>({
    ...first,
    unreachedSince: null,
  });
  useEffect(() => watchOutages(setNow, first), []);
  const { level, word } = describeOutage(now);
  return (
    <a
      class={`system-link level-${level}`}
      href="/system"
      aria-current={current ? "page" : undefined}
    >
      <span class="shape" aria-hidden="true">{LEVEL_SHAPES[level]}</span> System
      <small>{word}</small>
    </a>
  );
}
