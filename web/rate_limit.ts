export interface RateLimitSettings {
  readonly perSecond: number;
  /** How many may come at once after a rest. */
  readonly burst: number;
}

/** Addresses that are remembered; beyond it those longest unused are not. */
const ADDRESSES_MAX = 10_000;

interface Bucket {
  left: number;
  atMs: number;
}

/**
 * A bucket of tokens for each address, filled steadily up to the burst.
 *
 * Times are of a steady clock, in milliseconds.
 *
 * A network of 2^64 addresses of IPv6 is one: it is what one customer gets.
 */
export class RateLimit {
  /** Longest unused first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(private readonly settings: RateLimitSettings) {}

  /** Takes one token; false if there is none. */
  take(address: string, nowMs: number): boolean {
    const bucket = this.#bucketOf(address, nowMs);
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  /** Whole seconds until there is a token again; 0 if there is one. */
  waitS(address: string, nowMs: number): number {
    const { left } = this.#bucketOf(address, nowMs);
    return left >= 1 ? 0 : Math.ceil((1 - left) / this.settings.perSecond);
  }

  #bucketOf(address: string, nowMs: number): Bucket {
    const { perSecond, burst } = this.settings;
    const key = networkOf(address);
    const bucket = this.#buckets.get(key) ?? { left: burst, atMs: nowMs };
    const passedS = (nowMs - bucket.atMs) / 1_000;
    bucket.left = Math.min(burst, bucket.left + passedS * perSecond);
    bucket.atMs = nowMs;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > ADDRESSES_MAX) {
      this.#buckets.delete(this.#buckets.keys().next().value!);
    }
    return bucket;
  }
}

/** The address, or the first half of one of IPv6. */
export function networkOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address;
  const [head, tail] = address.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array(Math.max(0, 8 - first.length - last.length)).fill("0");
  return [...first, ...zeros, ...last].slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, "")).join(":");
}
