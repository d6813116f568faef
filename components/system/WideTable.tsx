import type { ComponentChildren } from "preact";

/** A table that may be wider than its panel: then it scrolls, by keys too. */
export function WideTable({ label, head, children }: {
  readonly label: string;
  /** Titles of the columns; those of numbers end in `#`. */
  readonly head: readonly string[];
  readonly children: ComponentChildren;
}) {
  return (
    <div class="scroll" role="region" aria-label={label} tabIndex={0}>
      <table class="small">
        <thead>
          <tr>
            {head.map((title) => (
              <th
                key={title}
                scope="col"
                class={title.endsWith("#") ? "num" : undefined}
              >
                {title.replace(/#$/, "")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
