import { VenueError } from "./venue.ts";

/**
 * The value of a venue's message, or, if it is none, the message as a line
 * that will be rejected and kept.
 *
 * @throws {VenueError} If it is bytes.
 */
export function jsonMessage(
  venue: string,
  message: string | Uint8Array,
  // deno-lint-ignore no-explicit-any -- whatever the venue sends
): { readonly value: any } | { readonly line: string } {
  if (typeof message !== "string") {
    throw new VenueError(`${venue} sends texts, got bytes`);
  }
  try {
    const value = JSON.parse(message);
    if (typeof value === "object" && value !== null) return { value };
  } catch {
    // Told by the line's rejection.
  }
  return { line: message.replaceAll(/[\r\n]+/g, " ") };
}
