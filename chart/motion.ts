/** Movement that goes on by itself: pure functions of time, in ms and CSS pixels. */

const GLIDE_MS = 220;
/** A fling loses two thirds of its speed in this time. */
const FLING_DECAY_MS = 325;
const FLING_MIN = 0.12;
const FLING_MAX = 4;
/** Slower than this it has come to rest. */
const REST = 0.015;
/** What the finger did longer ago does not count. */
const SAMPLED_MS = 100;

/** Speed at which a fling goes on from a finger's last places, or 0 if it had stopped. */
export function flingSpeed(
  places: readonly { readonly x: number; readonly at: number }[],
  now: number,
): number {
  const recent = places.filter(({ at }) => now - at <= SAMPLED_MS);
  const first = recent[0];
  const last = recent.at(-1);
  if (!first || !last || last.at <= first.at) return 0;
  const speed = (last.x - first.x) / (last.at - first.at);
  if (Math.abs(speed) < FLING_MIN) return 0;
  return Math.max(-FLING_MAX, Math.min(FLING_MAX, speed));
}

/** How far a fling has come, and whether it has come to rest. */
export function flingAt(
  speed: number,
  elapsedMs: number,
): { readonly px: number; readonly rests: boolean } {
  const left = Math.exp(-Math.max(0, elapsedMs) / FLING_DECAY_MS);
  return {
    px: speed * FLING_DECAY_MS * (1 - left),
    rests: Math.abs(speed) * left < REST,
  };
}

/** The part of a way that is left after some time, from 1 to 0, slowing down. */
export function glideLeft(elapsedMs: number): number {
  const share = Math.min(1, Math.max(0, elapsedMs / GLIDE_MS));
  return (1 - share) ** 3;
}
