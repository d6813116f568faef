import { isValidElement } from "preact";
import { Signal } from "@preact/signals";
import { DevalueError, stringify } from "devalue";
import type { PageData } from "./page_data.ts";

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
