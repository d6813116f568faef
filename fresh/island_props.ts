import { isValidElement } from "preact";
import { computed, Signal, signal } from "@preact/signals";
import { DevalueError, parse, stringify } from "devalue";

/** One island as the page names it for the browser. */
export interface IslandData {
  /** The file of the bundle that holds the component. */
  readonly module: string;
  /** The name under which the module exports it. */
  readonly name: string;
  readonly props: Record<string, unknown>;
}

/** All that the browser needs to bring a page's islands to life. */
export interface PageData {
  readonly buildId: string;
  readonly islands: readonly IslandData[];
}

const isComputed = (value: unknown): value is Signal =>
  value instanceof Signal && Object.getPrototypeOf(value) !== Signal.prototype;

/**
 * Writes the islands of a page as JSON that is safe inside a script element.
 *
 * All islands go through one call, so that a signal or object given to two of
 * them is still one on the other side.
 *
 * @throws {Error} If a prop cannot be sent, naming the island and the prop.
 */
export function writePageData(data: PageData): string {
  try {
    const json = stringify(data, {
      Computed: (value) => isComputed(value) && [value.peek()],
      Signal: (value) => value instanceof Signal && [value.peek()],
      Element: refuseElement,
    });
    return json.replace(/[<>&\u2028\u2029]/g, escapeCharacter);
  } catch (cause) {
    throw new Error(describeFailure(cause, data), { cause });
  }
}

/** The inverse of {@linkcode writePageData}. */
export function readPageData(text: string): PageData {
  return parse(text, {
    Computed: ([value]: [unknown]) => computed(() => value),
    Signal: ([value]: [unknown]) => signal(value),
  });
}

function refuseElement(value: unknown): false {
  if (isValidElement(value)) throw new TypeError("it holds JSX");
  return false;
}

function escapeCharacter(character: string): string {
  return "\\u" + character.charCodeAt(0).toString(16).padStart(4, "0");
}

function describeFailure(cause: unknown, data: PageData): string {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const path = cause instanceof DevalueError ? cause.path : "";
  const [, index, rest] = /^\.islands\[(\d+)\]\.props(.*)$/.exec(path) ?? [];
  const names = index === undefined
    ? data.islands.map((island) => island.name).join(", ")
    : data.islands[Number(index)].name;
  return `Cannot send props${rest ?? ""} to island ${names}: ${reason}`;
}
