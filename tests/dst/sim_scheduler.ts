import { assert } from "../../pipeline/domain/assert.ts";

interface SimEvent {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Turns that promises get between two events; the same ones every time. */
const TURNS = 16;
const TRACE_LINES_MAX = 200_000;

/**
 * Virtual time: events run one after the other, and time is what the next one
 * says it is. Nothing here looks at a real clock, so that a run depends on its
 * seed only.
 *
 * Units: microseconds.
 */
export class SimScheduler {
  #now: number;
  #order = 0;
  /** Binary heap: earliest first, then in the order in which they came. */
  readonly #heap: SimEvent[] = [];
  #hash = 0x811c9dc5;
  /** Lines of what happened; kept if somebody wants to read them. */
  readonly trace: string[] = [];

  constructor(private readonly start: number, private readonly keeps: boolean) {
    this.#now = start;
  }

  get now(): number {
    return this.#now;
  }

  /** Stands for all that was noted, in its order. */
  get hash(): number {
    return this.#hash >>> 0;
  }

  in(micros: number, run: () => void): void {
    this.at(this.#now + micros, run);
  }

  at(time: number, run: () => void): void {
    const at = Math.max(this.#now, Math.round(time));
    const event = { at, order: this.#order++, run };
    const heap = this.#heap;
    let i = heap.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(event, heap[parent])) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = event;
  }

  /** Takes note of something that happened. */
  note(what: string): void {
    let hash = this.#hash ^ (this.#now - this.start);
    for (let i = 0; i < what.length; i++) {
      hash = Math.imul(hash ^ what.charCodeAt(i), 0x01000193);
    }
    this.#hash = hash;
    if (!this.keeps || this.trace.length >= TRACE_LINES_MAX) return;
    const ms = (this.#now - this.start) / 1_000;
    this.trace.push(`${ms.toFixed(3).padStart(10)}  ${what}`);
  }

  /** Runs events until `done`; false if that is not so by `deadline`. */
  async run(done: () => boolean, deadline: number): Promise<boolean> {
    for (;;) {
      for (let i = 0; i < TURNS; i++) await null;
      if (done()) return true;
      const next = this.#heap[0];
      if (next === undefined || next.at > deadline) return false;
      this.#pop();
      this.#now = next.at;
      next.run();
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    assert(last !== undefined, "there is an event to run");
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) {
        child++;
      }
      if (!before(heap[child], last)) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: SimEvent, b: SimEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
