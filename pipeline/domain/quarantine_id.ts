import type { QuarantinePlace } from "./entry.ts";

/** Name of a row in quarantine: its place, and the partition p of the stream. */
export interface QuarantineId extends QuarantinePlace {
  readonly p: number;
}

/** A row's name as text, as in `3:9f86d081:1700000000000-0:12`. */
export function quarantineIdText(
  { p, incarnation, id, index }: QuarantineId,
): string {
  return `${p}:${incarnation}:${id}:${index}`;
}

/** @returns `null` if the text is no such name. */
export function parseQuarantineId(text: string): QuarantineId | null {
  const match = /^(\d{1,4}):([\w-]{1,64}):(\d{1,16}-\d{1,9}):(\d{1,9})$/.exec(
    text,
  );
  if (match === null) return null;
  const [, p, incarnation, id, index] = match;
  return { p: Number(p), incarnation, id, index: Number(index) };
}
