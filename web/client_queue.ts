import type { LiveEvent } from "../pipeline/domain/live_event.ts";
import type { EpochMicros } from "../pipeline/domain/time.ts";
import type { NumberedEvent } from "../pipeline/live/live_bus.ts";

/** Frames from this length on are not copied for each client. */
const SHARED_BYTES_MIN = 16_384;

/**
 * What waits to be sent to one client: frames in order, and of each forming
 * candle only the newest, until the frames are gone.
 *
 * So a slow client loses updates of forming candles and nothing else; once
 * more than `bytesMax` wait, it has to be cut off.
 */
export class ClientQueue {
  /** Each in pieces. */
  readonly #frames: (readonly Uint8Array[])[] = [];
  #hasEvent = false;
  readonly #forming = new Map<string, NumberedEvent>();
  #bytes = 0;
  #free = 0;
  #oldest: EpochMicros | null = null;

  constructor(
    private readonly bytesMax: number,
    private readonly frameOf: (event: NumberedEvent) => Uint8Array,
    /** The line that says how far all is known that was pushed until now. */
    private readonly idLine: () => Uint8Array,
  ) {}

  get empty(): boolean {
    return this.#frames.length === 0 && this.#forming.size === 0;
  }

  /** Bytes that wait and count: the snapshot does not. */
  get bytes(): number {
    return Math.max(0, this.#bytes - this.#free);
  }

  /** When the oldest event that waits was published; `null` if none does. */
  get oldest(): EpochMicros | null {
    return this.#oldest;
  }

  get overflown(): boolean {
    return this.bytes > this.bytesMax;
  }

  /** Adds a frame, in pieces, that is allowed whatever its size. */
  pushFree(...pieces: readonly Uint8Array[]): void {
    this.#hasEvent = true;
    for (const { length } of pieces) this.#free += length;
    this.#push(...pieces);
  }

  push(event: NumberedEvent): void {
    this.#oldest ??= event.at;
    this.#hasEvent = true;
    if (event.event.kind === "candle") {
      this.#forming.set(keyOf(event.event), event);
      return;
    }
    if ("candle" in event.event) this.#dropForming(event.event);
    this.#push(this.frameOf(event));
  }

  /** Adds bytes that are no event. */
  pushFrame(frame: Uint8Array): void {
    this.#push(frame);
  }

  /**
   * Everything that waits, in parts; `null` if nothing does. The last event has
   * the id: who gets less of it than all gets it again.
   */
  take(): readonly Uint8Array[] | null {
    const late = [...this.#forming.values()].sort((a, b) => a.n - b.n);
    this.#forming.clear();
    for (const event of late) this.#push(this.frameOf(event));
    this.#oldest = null;
    if (this.#frames.length === 0) return null;
    const frames = this.#frames.splice(0);
    this.#bytes = 0;
    this.#free = 0;
    if (this.#hasEvent) frames.splice(-1, 0, [this.idLine()]);
    this.#hasEvent = false;
    return joinShort(frames.flat());
  }

  #push(...pieces: readonly Uint8Array[]): void {
    for (const { length } of pieces) this.#bytes += length;
    this.#frames.push(pieces);
  }

  #dropForming(event: Extract<LiveEvent, { candle: unknown }>): void {
    const key = keyOf(event);
    const waiting = this.#forming.get(key)?.event;
    if (
      waiting !== undefined && "candle" in waiting &&
      waiting.candle.t <= event.candle.t
    ) this.#forming.delete(key);
  }
}

/** Joins frames that are short; a long one is shared with other clients. */
function joinShort(frames: readonly Uint8Array[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  let short: Uint8Array[] = [];
  const endShort = () => {
    if (short.length > 0) parts.push(joined(short));
    short = [];
  };
  for (const frame of frames) {
    if (frame.length < SHARED_BYTES_MIN) short.push(frame);
    else {
      endShort();
      parts.push(frame);
    }
  }
  endShort();
  return parts;
}

function joined(frames: readonly Uint8Array[]): Uint8Array {
  if (frames.length === 1) return frames[0];
  const whole = new Uint8Array(
    frames.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const frame of frames) {
    whole.set(frame, at);
    at += frame.length;
  }
  return whole;
}

function keyOf(event: Extract<LiveEvent, { candle: unknown }>): string {
  return `${event.symbol} ${event.interval}`;
}
