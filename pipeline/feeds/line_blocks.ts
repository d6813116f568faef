const NEWLINE = 0x0a;
/** Longest line that is kept; more of it is passed over. */
const LINE_MAX = 65_536;

/**
 * Cuts bytes, however they come in pieces, into blocks that end where a line
 * does; the last one need not. A line longer than `max` bytes is cut, so that a
 * file without line ends costs no memory.
 */
export async function* lineBlocks(
  pieces: AsyncIterable<Uint8Array>,
  max = LINE_MAX,
): AsyncGenerator<Uint8Array> {
  /** A line's beginning; its end is still to come. */
  let rest = new Uint8Array();
  for await (const piece of pieces) {
    let from = 0;
    if (rest.length > 0) {
      const newline = piece.indexOf(NEWLINE);
      from = newline < 0 ? piece.length : newline;
      const taken = Math.min(from, max - rest.length);
      rest = joined(rest, piece.subarray(0, taken));
      if (newline < 0) continue;
      yield rest;
      rest = new Uint8Array();
      from += 1;
    }
    const to = piece.lastIndexOf(NEWLINE) + 1;
    if (to > from) yield piece.subarray(from, to);
    else if (to < from) continue;
    rest = piece.slice(to, Math.min(piece.length, to + max));
  }
  if (rest.length > 0) yield rest;
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
