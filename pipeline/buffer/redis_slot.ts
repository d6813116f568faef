/** Slots of a Redis Cluster. */
export const SLOTS = 16_384;

/**
 * The slot of a key: that of what is between its first `{` and the next `}`,
 * or of all of it if there is nothing.
 *
 * Source: the Redis Cluster specification; CRC-16/XMODEM, polynomial 0x1021.
 */
export function slotOf(key: string): number {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open + 1);
  const tag = close > open + 1 ? key.slice(open + 1, close) : key;
  let crc = 0;
  for (const byte of new TextEncoder().encode(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    }
    crc &= 0xffff;
  }
  return crc % SLOTS;
}
