import type { LiveEvent } from "../pipeline/domain/live_event.ts";
import type { NumberedEvent } from "../pipeline/live/live_bus.ts";
import { type Bytes, liveFrame } from "./event_frame.ts";

/** Frames from this length on are not copied. */
const SHARED_BYTES_MIN = 16_384;
/** Of short ones about so much is one part. */
const JOINED_BYTES_MAX = 65_536;

/** Events that came together. */
export class News {
  /** What waits now, by what has waited before. */
  readonly #after = new Map<PendingEvents, PendingEvents>();

  constructor(
    readonly events: readonly NumberedEvent[],
    /** The line that says how far all is known with these. */
    readonly idLine: Bytes,
  ) {}

  /** Made once for all for whom the same has waited. */
  after(
    before: PendingEvents,
    make: () => PendingEvents,
  ): PendingEvents {
    let after = this.#after.get(before);
    if (after === undefined) {
      after = make();
      this.#after.set(before, after);
    }
    return after;
  }
}

/**
 * What waits to be sent to a client: frames in order, and of each forming candle
 * only the newest, until the frames are gone. So a slow client loses updates of
 * forming candles and nothing else.
 *
 * It never changes: all clients for whom the same waits share it, with the bytes
 * that are made of it.
 */
export class PendingEvents {
  static readonly NONE = new PendingEvents([], new Map(), null, 0, null);

  #parts: readonly Bytes[] | null = null;
  #allowed: PendingEvents | null = null;

  private constructor(
    /** Each in pieces. */
    private readonly frames: readonly (readonly Bytes[])[],
    private readonly forming: ReadonlyMap<string, NumberedEvent>,
    private readonly idLine: Bytes | null,
    /** Those that count: what is `free()` does not. */
    readonly bytes: number,
    /**
     * When the oldest event that waits was published, in milliseconds of the
     * steady clock; `null` if none does.
     */
    readonly oldest: number | null,
  ) {}

  /** Bytes that are no event. */
  static comment(frame: Bytes): PendingEvents {
    return new PendingEvents([[frame]], new Map(), null, frame.length, null);
  }

  /** Frames, each in pieces, that are allowed whatever their size. */
  static free(
    frames: readonly (readonly Bytes[])[],
    idLine: Bytes,
  ): PendingEvents {
    return new PendingEvents(frames, new Map(), idLine, 0, null);
  }

  /** The same, allowed whatever its size. */
  get allowed(): PendingEvents {
    if (this.bytes === 0) return this;
    const { frames, forming, idLine, oldest } = this;
    return this.#allowed ??= new PendingEvents(
      frames,
      forming,
      idLine,
      0,
      oldest,
    );
  }

  /** The same as well, in few parts, which all share who get it or more. */
  get gathered(): PendingEvents {
    const { frames, forming, idLine, oldest } = this;
    const before = joinShort(frames.slice(0, -1).flat());
    return new PendingEvents(
      [before, ...frames.slice(-1)],
      forming,
      idLine,
      0,
      oldest,
    );
  }

  /** What waits once this has come too. */
  with(news: News): PendingEvents {
    return news.after(this, () => this.#joined(news));
  }

  /**
   * All of it, in parts. The last event has the id: who gets less of it than all
   * gets it again.
   */
  get parts(): readonly Bytes[] {
    return this.#parts ??= this.#made();
  }

  #joined({ events, idLine }: News): PendingEvents {
    const frames = [...this.frames];
    const forming = new Map(this.forming);
    let { bytes, oldest } = this;
    for (const numbered of events) {
      const { event } = numbered;
      oldest ??= numbered.atMs;
      if (event.kind === "candle") {
        forming.set(keyOf(event), numbered);
        continue;
      }
      if ("candle" in event) dropForming(forming, event);
      const frame = liveFrame(numbered);
      frames.push([frame]);
      bytes += frame.length;
    }
    return new PendingEvents(frames, forming, idLine, bytes, oldest);
  }

  #made(): readonly Bytes[] {
    const late = [...this.forming.values()].sort((a, b) => a.n - b.n);
    const frames = [...this.frames, ...late.map((one) => [liveFrame(one)])];
    if (this.idLine !== null) frames.splice(-1, 0, [this.idLine]);
    return joinShort(frames.flat());
  }
}

type CandleEvent = Extract<LiveEvent, { candle: unknown }>;

/** What has closed is not told as forming any more. */
function dropForming(
  forming: Map<string, NumberedEvent>,
  closed: CandleEvent,
): void {
  const key = keyOf(closed);
  const waiting = forming.get(key)?.event;
  if (
    waiting !== undefined && "candle" in waiting &&
    waiting.candle.t <= closed.candle.t
  ) forming.delete(key);
}

/** Joins frames that are short; a long one is shared with other clients. */
function joinShort(frames: readonly Bytes[]): readonly Bytes[] {
  const parts: Bytes[] = [];
  let short: Bytes[] = [];
  let bytes = 0;
  const endShort = () => {
    if (short.length > 0) parts.push(joined(short));
    short = [];
    bytes = 0;
  };
  for (const frame of frames) {
    if (frame.length < SHARED_BYTES_MIN) {
      short.push(frame);
      bytes += frame.length;
      if (bytes >= JOINED_BYTES_MAX) endShort();
    } else {
      endShort();
      parts.push(frame);
    }
  }
  endShort();
  return parts;
}

function joined(frames: readonly Bytes[]): Bytes {
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

function keyOf(event: CandleEvent): string {
  return `${event.symbol} ${event.interval}`;
}
