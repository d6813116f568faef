/** An answer shorter than this gains nothing. */
const BYTES_MIN = 1_024;
/** Compressed at a time; other work gets its turn between two of them. */
const SLICE_BYTES = 64 * 1_024;
/** Files that never change are compressed once; there are a dozen of them. */
const KEPT_MAX = 64;
/** Everything that is text, but streams of events, which must not wait. */
const TEXT =
  /^(text\/(?!event-stream)|image\/svg|application\/.*(json|script))/;

type Bytes = Uint8Array<ArrayBuffer>;

const kept = new Map<string, Promise<Bytes>>();

/**
 * The answer, in gzip if the client takes it and it is text of 1 kB or more.
 *
 * A strong tag becomes a weak one, as the bytes are others.
 *
 * @param accepted The request's `Accept-Encoding`.
 */
export async function compressAnswer(
  answer: Response,
  accepted: string | null,
): Promise<Response> {
  const { status, headers, body } = answer;
  if (!TEXT.test(headers.get("Content-Type") ?? "")) return answer;
  if (headers.has("Content-Encoding")) return answer;
  const changed = new Headers(headers);
  changed.append("Vary", "Accept-Encoding");
  const plain = { status, headers: changed };
  if (body === null || !acceptsGzip(accepted)) return new Response(body, plain);

  const packed = new Headers(changed);
  packed.set("Content-Encoding", "gzip");
  packed.delete("Content-Length");
  const etag = headers.get("ETag");
  if (etag !== null) packed.set("ETag", etag.replace(/^(W\/)?/, "W/"));
  if (etag !== null && headers.get("Cache-Control")?.includes("immutable")) {
    const bytes = await keptBytes(etag, body);
    return new Response(bytes, { status, headers: packed });
  }
  const reader = body.getReader();
  const { chunks, ended } = await readAtLeast(reader, BYTES_MIN);
  if (ended) return new Response(new Blob(chunks).stream(), plain);
  return new Response(gzip(slices(chunks, reader), reader), {
    status,
    headers: packed,
  });
}

function acceptsGzip(accepted: string | null): boolean {
  return (accepted ?? "").split(",").some((one) => {
    const [name, ...parameters] = one.split(";").map((part) => part.trim());
    return name.toLowerCase() === "gzip" &&
      !parameters.some((parameter) => /^q=0(\.0*)?$/i.test(parameter));
  });
}

function keptBytes(key: string, body: ReadableStream<Bytes>): Promise<Bytes> {
  let bytes = kept.get(key);
  if (bytes !== undefined) {
    body.cancel();
    return bytes;
  }
  const reader = body.getReader();
  bytes = new Response(gzip(slices([], reader), reader)).bytes();
  if (kept.size >= KEPT_MAX) kept.delete(kept.keys().next().value!);
  kept.set(key, bytes);
  bytes.catch(() => kept.delete(key));
  return bytes;
}

async function readAtLeast(
  reader: ReadableStreamDefaultReader<Bytes>,
  least: number,
): Promise<{ chunks: Bytes[]; ended: boolean }> {
  const chunks: Bytes[] = [];
  for (let length = 0; length < least;) {
    const { done, value } = await reader.read();
    if (done) return { chunks, ended: true };
    chunks.push(value);
    length += value.length;
  }
  return { chunks, ended: false };
}

/** All bytes in small pieces, with a turn of the event loop after each. */
async function* slices(
  chunks: readonly Bytes[],
  reader: ReadableStreamDefaultReader<Bytes>,
): AsyncGenerator<Bytes> {
  const rest = async function* () {
    yield* chunks;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  };
  for await (const chunk of rest()) {
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      if (at > 0) await new Promise((resolve) => setTimeout(resolve));
      yield chunk.subarray(at, at + SLICE_BYTES);
    }
  }
}

/** A client that leaves cancels what it came from. */
function gzip(
  bytes: AsyncGenerator<Bytes>,
  reader: ReadableStreamDefaultReader<Bytes>,
): ReadableStream<Bytes> {
  const source = new ReadableStream<Bytes>({
    async pull(controller) {
      const { done, value } = await bytes.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return source.pipeThrough(new CompressionStream("gzip"));
}
