import { describeOutage, LEVEL_SHAPES, type OutageHere } from "./outage.ts";

/** The way to the page of the pipeline, which says at once how that is. */
export function SystemLink({ outage, current }: {
  readonly outage: OutageHere;
  /** The reader is there. */
  readonly current: boolean;
}) {
  const { level, word } = describeOutage(outage);
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
