/** 32-bit FNV-1a of the UTF-16 code units of `text`, as an unsigned number. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** The partition, 0 to `partitions` - 1, that holds a symbol or a feed. */
export function partitionOf(key: string, partitions: number): number {
  return fnv1a(key) % partitions;
}
