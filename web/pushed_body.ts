type Bytes = Uint8Array<ArrayBuffer>;

/** Where a body goes. */
export interface BodySink {
  /** @returns Whether it takes more now; if not, `drained()` tells when. */
  write(parts: readonly Bytes[]): boolean;
  /** Ends the body after what was written. */
  end(): void;
  /** Breaks it off, whatever was written. */
  cut(reason: Error): void;
}

/** What makes a body as things happen, and not as it is read. */
export interface BodySource {
  /** The first to be called, unless nobody wants the body. */
  begin(sink: BodySink): void;
  drained(): void;
  /** Whoever it was for has gone. */
  gone(): void;
}

const sources = new WeakMap<ReadableStream, BodySource>();

/**
 * A body of a `Response` like any other, whose source a server that knows of
 * it can have write to the connection itself: a stream, its reader and their
 * promises cost more than all that most connections are ever sent.
 */
export function pushedBody(source: BodySource): ReadableStream<Bytes> {
  let asked: (() => void) | null = null;
  let begun = false;
  const body = new ReadableStream<Bytes>({
    pull: (controller) => {
      const answered = new Promise<void>((resolve) => asked = resolve);
      if (begun) source.drained();
      else {
        begun = true;
        source.begin(sinkOf(controller, () => asked?.()));
      }
      return answered;
    },
    cancel: () => source.gone(),
  }, { highWaterMark: 0 });
  sources.set(body, source);
  return body;
}

function sinkOf(
  controller: ReadableStreamDefaultController<Bytes>,
  answer: () => void,
): BodySink {
  return {
    write(parts) {
      for (const part of parts) controller.enqueue(part);
      answer();
      return false;
    },
    end() {
      controller.close();
      answer();
    },
    cut(reason) {
      controller.error(reason);
      answer();
    },
  };
}

/** What makes this body, if it is `pushedBody()`; it is not to be read then. */
export function sourceOf(body: ReadableStream): BodySource | null {
  return sources.get(body) ?? null;
}
