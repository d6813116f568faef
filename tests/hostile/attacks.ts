import { until } from "../harness/program.ts";
import { type FuzzedLines, LineFuzzer } from "./fuzz_lines.ts";

/** The program that is attacked, over the network alone. */
export interface Target {
  /** As in `http://127.0.0.1:41233`. */
  readonly http: string;
  /** What lets normal requests in. */
  readonly headers: Readonly<Record<string, string>>;
}

const encoder = new TextEncoder();

function portOf(place: string): number {
  return Number(new URL(place.includes("//") ? place : `http://${place}`).port);
}

/** A listener whose queue is full answers nothing: that is a refusal too. */
const CONNECT_MS_MAX = 5_000;

async function connect(place: string): Promise<Deno.TcpConn> {
  return await Deno.connect({
    hostname: "127.0.0.1",
    port: portOf(place),
    signal: AbortSignal.timeout(CONNECT_MS_MAX),
  });
}

async function write(connection: Deno.TcpConn, bytes: Uint8Array) {
  for (let at = 0; at < bytes.length;) {
    at += await connection.write(bytes.subarray(at));
  }
}

/** Reads until the other end closes; what it said, up to 64 KiB. */
export async function readOut(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(16_384);
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const n = await connection.read(buffer).catch(() => null);
    if (n === null) return text;
    if (text.length < 65_536) text += decoder.decode(buffer.subarray(0, n));
  }
}

export interface Cut {
  readonly opened: number;
  /** Closed by the program. */
  readonly cut: number;
  readonly cutMsMax: number;
  /** First lines of what it said, counted. */
  readonly said: Readonly<Record<string, number>>;
}

/** Opens connections that each send some text and then nothing. */
export async function sendAndWait(
  place: string,
  count: number,
  text: (i: number) => string,
): Promise<Cut> {
  const began = performance.now();
  const said: Record<string, number> = {};
  let opened = 0;
  let cut = 0;
  let cutMsMax = 0;
  await Promise.all(Array.from({ length: count }, async (_, i) => {
    const connection = await connect(place).catch(() => null);
    if (connection === null) return;
    opened++;
    await write(connection, encoder.encode(text(i))).catch(() => {});
    const answer = await readOut(connection);
    connection.close();
    const line = answer.split(/\r?\n/)[0].slice(0, 80);
    said[line] = (said[line] ?? 0) + 1;
    cut++;
    cutMsMax = Math.max(cutMsMax, performance.now() - began);
  }));
  return { opened, cut, cutMsMax: Math.round(cutMsMax), said };
}

/** Headers that never end: each line of the request but the last. */
export function halfHeaders({ http }: Target, count: number): Promise<Cut> {
  const { host } = new URL(http);
  return sendAndWait(
    http,
    count,
    (i) => `GET /?${i} HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `,
  );
}

/** Bodies that are announced and do not come. */
export function slowBodies({ http }: Target, count: number): Promise<Cut> {
  const { host } = new URL(http);
  return sendAndWait(
    http,
    count,
    () =>
      `POST /login HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000\r\n` +
      "Content-Type: application/x-www-form-urlencoded\r\n\r\ntoken=",
  );
}

export interface Flood {
  readonly tried: number;
  /** Let in, and held open by us until the end. */
  readonly held: number;
  readonly refused: number;
}

/** Connections that are opened together. */
const AT_A_TIME = 100;

/** Opens as many connections as it can and holds them while `meanwhile` runs. */
export async function flood(
  place: string,
  count: number,
  meanwhile: (refused: () => number) => Promise<void>,
): Promise<Flood> {
  const connections: Deno.TcpConn[] = [];
  let refused = 0;
  for (let i = 0; i < count; i += AT_A_TIME) {
    const opened = await Promise.all(
      Array.from(
        { length: Math.min(AT_A_TIME, count - i) },
        () => connect(place).catch(() => null),
      ),
    );
    for (const connection of opened) {
      if (connection === null) refused++;
      else connections.push(connection);
    }
  }
  const closed = new Set<Deno.TcpConn>();
  for (const connection of connections) {
    readOut(connection).then(() => closed.add(connection));
  }
  try {
    await meanwhile(() => refused + closed.size);
  } finally {
    refused += closed.size;
    for (const connection of connections) connection.close();
  }
  return { tried: count, held: count - refused, refused };
}

/** What one who looks at a page asks for. */
const VISITED = [
  "/",
  "/api/instruments",
  "/api/candles?symbol=GOOD1&interval=1m",
];

export interface Visit {
  readonly requests: number;
  /** Answers that were none, each once. */
  readonly faults: readonly string[];
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly p99MsOf: Readonly<Record<string, number | null>>;
}

/** Normal requests, one after the other, and how long each took. */
export class Visitor {
  readonly #times = new Map<string, number[]>();
  readonly #faults: string[] = [];
  #over = false;
  readonly #done: Promise<void>;

  constructor(target: Target, paths: readonly string[] = VISITED) {
    this.#done = this.#run(target, paths);
  }

  async #run({ http, headers }: Target, paths: readonly string[]) {
    for (let i = 0; !this.#over; i++) {
      const path = paths[i % paths.length];
      const began = performance.now();
      try {
        const response = await fetch(http + path, { headers });
        await response.bytes();
        const times = this.#times.get(path) ?? [];
        this.#times.set(path, times);
        if (response.ok) times.push(performance.now() - began);
        else this.#faults.push(`${response.status} ${path}`);
      } catch (error) {
        this.#faults.push(String(error));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async leave(): Promise<Visit> {
    this.#over = true;
    await this.#done;
    const all = [...this.#times.values()].flat();
    return {
      requests: all.length,
      faults: [...new Set(this.#faults)],
      p50Ms: quantile(all, 0.5),
      p99Ms: quantile(all, 0.99),
      p99MsOf: Object.fromEntries(
        [...this.#times].map(([path, times]) => [path, quantile(times, 0.99)]),
      ),
    };
  }
}

/** @returns `null` of nothing. */
export function quantile(values: readonly number[], q: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.floor(q * sorted.length));
  return Math.round(sorted[at] * 10) / 10;
}

export interface Crowd {
  readonly asked: number;
  /** Got their snapshot. */
  readonly served: number;
  /** Rings of the bell that not all have heard. */
  readonly deaf: number;
  /** From the first to get an event to each other one. */
  readonly spreadP99Ms: number | null;
}

/** What the streams of a crowd hear; nobody else sends it. */
const BELL = "BELL";
const RINGS = 10;
const RING_EVERY_MS = 500;
/** A ring may be told with the next one, where the machine stood still. */
const RING_AGAIN_MS = 3_000;
/** All rings together. */
const HEARD_MS_MAX = 60_000;

/** Makes the bell known, while there is room for another instrument. */
export async function hangBell(target: Target, feed: string): Promise<void> {
  const bell = await connect(feed);
  await ring(bell, 1);
  await until(
    "the bell to be known",
    () => fetch(`${target.http}/api/instruments`, target).then((r) => r.text()),
    (text) => text.includes(`"${BELL}"`),
  );
  bell.close();
}

function ring(bell: Deno.TcpConn, price: number): Promise<void> {
  return write(
    bell,
    encoder.encode(
      `{"symbol":"${BELL}","ts":${Date.now()},"price":${price}}\n`,
    ),
  );
}

/**
 * Opens streams of events at a time, then has each hear the same ten events,
 * one after the other.
 */
export async function crowd(
  target: Target,
  count: number,
  feed: string,
): Promise<Crowd> {
  await hangBell(target, feed);
  const bell = await connect(feed);
  /** When each stream first heard of a price. */
  const heard = new Map<number, Map<Deno.TcpConn, number>>();
  const connections: Deno.TcpConn[] = [];
  let served = 0;
  const opened: Promise<void>[] = [];
  for (let i = 0; i < count; i++) {
    opened.push(
      (async () => {
        const connection = await connect(target.http);
        connections.push(connection);
        await write(
          connection,
          streamRequest(target, `symbols=${BELL}&history=0&events=candle`),
        );
        const snapshot = Promise.withResolvers<void>();
        readBlocks(connection, (block) => {
          if (/^event: snapshot$/m.test(block)) {
            served++;
            snapshot.resolve();
          }
          const price = /"c":(\d+)\b/.exec(block)?.[1];
          if (price === undefined || !/^event: candle$/m.test(block)) return;
          const times = heard.get(Number(price)) ?? new Map();
          heard.set(Number(price), times);
          if (!times.has(connection)) times.set(connection, performance.now());
        }).then(snapshot.reject);
        await snapshot.promise;
      })().catch(() => {}),
    );
    if (i % 100 === 99) await opened[i - 50];
  }
  await Promise.all(opened);
  const rings = Array.from({ length: RINGS }, (_, i) => i + 2);
  const heardBy = (price: number) => heard.get(price)?.size ?? 0;
  const deadline = performance.now() + HEARD_MS_MAX;
  for (const price of rings) {
    let rungAt = -Infinity;
    await until(
      "each to hear a ring",
      async () => {
        if (performance.now() - rungAt > RING_AGAIN_MS) {
          await ring(bell, price);
          rungAt = performance.now();
        }
        return heardBy(price);
      },
      (count) => count >= served,
      Math.max(0, deadline - performance.now()),
    ).catch(() => {}); // it is counted below
    await new Promise((resolve) => setTimeout(resolve, RING_EVERY_MS));
  }
  for (const connection of connections) connection.close();
  // What it rang last is counted before the program hangs up.
  await bell.closeWrite();
  await readOut(bell);
  bell.close();
  const spreads = [...heard.values()].flatMap((times) => {
    const first = Math.min(...times.values());
    return [...times.values()].map((time) => time - first);
  });
  return {
    asked: count,
    served,
    deaf: rings.filter((price) => heardBy(price) < served).length,
    spreadP99Ms: quantile(spreads, 0.99),
  };
}

/**
 * Reads what a stream sends, an event or comment at a time, until it ends.
 *
 * Ten thousand of them are read here, on a core that the program needs: so it
 * looks at no more of HTTP than where events end.
 */
async function readBlocks(
  connection: Deno.TcpConn,
  onBlock: (block: string) => void,
): Promise<void> {
  const buffer = new Uint8Array(2_048);
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const n = await connection.read(buffer).catch(() => null);
    if (n === null) return;
    text += decoder.decode(buffer.subarray(0, n), { stream: true });
    const end = text.lastIndexOf("\n\n");
    if (end < 0) continue;
    for (const block of text.slice(0, end).split("\n\n")) onBlock(block);
    text = text.slice(end + 2);
  }
}

function streamRequest({ http, headers }: Target, query: string) {
  const head = Object.entries(headers).map(([name, value]) =>
    `${name}: ${value}\r\n`
  ).join("");
  return encoder.encode(
    `GET /api/stream?${query} HTTP/1.1\r\nHost: ${new URL(http).host}\r\n` +
      `${head}\r\n`,
  );
}

/**
 * Streams that are asked for with all their history and never read: most with
 * the same, some each with another, of which the program cannot share one.
 */
export async function deafReaders(
  target: Target,
  count: number,
): Promise<Deno.TcpConn[]> {
  return await Promise.all(Array.from({ length: count }, async (_, i) => {
    const connection = await connect(target.http);
    const history = i % 20 === 0 ? 499 - i / 20 : 500;
    await write(connection, streamRequest(target, `history=${history}`));
    return connection;
  }));
}

/** Asks as deaf readers do, and leaves; the status of the answer. */
export async function longSnapshot(
  { http, headers }: Target,
): Promise<number> {
  const response = await fetch(`${http}/api/stream?history=500`, { headers });
  await response.body?.cancel();
  return response.status;
}

/** Lines of a feed that is up to no good, made before any is sent. */
export function fuzzedFeed(
  { seed, lines, format }: {
    readonly seed: number;
    readonly lines: number;
    readonly format: "ndjson" | "csv";
  },
): readonly FuzzedLines[] {
  const fuzzer = new LineFuzzer(seed, format);
  return Array.from(
    { length: Math.ceil(lines / 1_000) },
    (_, i) => fuzzer.next(Math.min(lines - i * 1_000, 1_000)),
  );
}

/** Sends fuzzed lines to a listener and ends; how many lines it has to count. */
export async function fuzzFeed(
  place: string,
  feed: readonly FuzzedLines[],
): Promise<number> {
  const connection = await connect(place);
  let sent = 0;
  for (const { bytes, lines } of feed) {
    await write(connection, bytes);
    sent += lines;
  }
  await connection.closeWrite();
  await readOut(connection);
  connection.close();
  return sent;
}

export interface Books {
  readonly received: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
}

/** What the program says it has received of plain feeds, once it is `lines`. */
export async function booksOf(
  { http, headers }: Target,
  lines: number,
): Promise<Books> {
  const ask = async (): Promise<Books> => {
    const response = await fetch(`${http}/api/system`, { headers });
    const { feeds } = await response.json();
    const sum = { received: 0, accepted: 0, duplicates: 0, rejected: 0 };
    for (const feed of feeds.feeds) {
      if (!feed.feed.startsWith("plain@")) continue;
      for (const key of Object.keys(sum) as (keyof Books)[]) {
        sum[key] += feed[key];
      }
    }
    return sum;
  };
  return await until(
    `${lines} lines to be received`,
    ask,
    ({ received }) => received >= lines,
  );
}

/** Resident memory of the program, in MB, as it tells. */
export async function residentMb({ http, headers }: Target): Promise<number> {
  const response = await fetch(`${http}/api/system`, { headers });
  return (await response.json()).process.rss_mb;
}

export interface HonestFeedEnd {
  readonly sent: number;
  readonly acked: number;
  readonly faults: readonly string[];
}

/** A feed that goes on sending numbered ticks, and must be acked. */
export class HonestFeed {
  #acked = 0;
  #sent = 0;
  #over = false;
  readonly #faults: string[] = [];
  readonly #done: Promise<unknown>;

  constructor(place: string) {
    this.#done = connect(place).then((connection) =>
      Promise.all([this.#send(connection), this.#read(connection)])
    ).catch((error) => this.#faults.push(String(error)));
  }

  async #send(connection: Deno.TcpConn): Promise<void> {
    const send = (value: unknown) =>
      write(connection, encoder.encode(`${JSON.stringify(value)}\n`));
    await send({ type: "hello", feed: "honest" });
    while (!this.#over) {
      const seq = this.#sent + 1;
      const symbol = `GOOD${seq % 4}`;
      await send({ symbol, ts: Date.now(), price: 100, volume: 1, seq });
      this.#sent = seq;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await send({ type: "end", total: this.#sent });
    await connection.closeWrite();
  }

  async #read(connection: Deno.TcpConn): Promise<void> {
    const lines = connection.readable.pipeThrough(new TextDecoderStream());
    let rest = "";
    for await (const chunk of lines) {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop()!;
      for (const part of parts) {
        const message = JSON.parse(part);
        if (message.type === "ack") this.#acked = message.seq;
        if (["nack", "error", "resend"].includes(message.type)) {
          this.#faults.push(part);
        }
      }
    }
  }

  async finish(): Promise<HonestFeedEnd> {
    this.#over = true;
    await this.#done;
    return { sent: this.#sent, acked: this.#acked, faults: this.#faults };
  }
}

/** The books, as the program tells them. */
export async function auditOf(
  { http, headers }: Target,
): Promise<{ readonly balanced: boolean; readonly ticks_unaccounted: number }> {
  const response = await fetch(`${http}/api/audit`, { headers });
  return await response.json();
}

/** Streams that were cut off so far as their client is slow. */
export async function evictedOf({ http, headers }: Target): Promise<number> {
  const text = await (await fetch(`${http}/metrics`, { headers })).text();
  return Number(/^tickhouse_sse_evicted_total (\d+)$/m.exec(text)![1]);
}

/** Models that were fitted so far, and that wait to be. */
export async function fitsOf(
  { http, headers }: Target,
): Promise<{ readonly fits: number; readonly waiting: number }> {
  const response = await fetch(`${http}/api/system`, { headers });
  const { fits, fits_waiting } = (await response.json()).forecasts;
  return { fits, waiting: fits_waiting };
}

/** Streams that are open now. */
export async function streamsOf({ http, headers }: Target): Promise<number> {
  const response = await fetch(`${http}/api/system`, { headers });
  return (await response.json()).streams.open;
}

/** Symbols of `sendHistory()`, of which snapshots become long. */
export const HISTORY_SYMBOLS = 40;
const MINUTE_MS = 60_000;

/** Sends a plain feed's ticks of past minutes, one of each symbol and minute. */
export async function sendHistory(
  place: string,
  minutes = 400,
): Promise<void> {
  const connection = await connect(place);
  const now = Date.now();
  for (let minute = minutes; minute > 0; minute--) {
    const ts = now - minute * MINUTE_MS;
    let text = "";
    for (let i = 0; i < HISTORY_SYMBOLS; i++) {
      text += `{"symbol":"PAST${i}","ts":${ts},"price":100,"volume":1}\n`;
    }
    await write(connection, encoder.encode(text));
  }
  await connection.closeWrite();
  await readOut(connection);
  connection.close();
}

/**
 * A feed whose other end has vanished: to the program a connection that is
 * open, and over which nothing comes any more. Resolves when the program has
 * given it up, after so many milliseconds.
 */
export async function openHalf(place: string): Promise<number> {
  const began = performance.now();
  const connection = await connect(place);
  const hello = JSON.stringify({ type: "hello", feed: "half-open" });
  await write(connection, encoder.encode(`${hello}\n`));
  await readOut(connection);
  connection.close();
  return Math.round(performance.now() - began);
}
