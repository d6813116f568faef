import { LineFuzzer } from "./fuzz_lines.ts";

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

async function connect(place: string): Promise<Deno.TcpConn> {
  return await Deno.connect({ hostname: "127.0.0.1", port: portOf(place) });
}

async function write(connection: Deno.TcpConn, bytes: Uint8Array) {
  for (let at = 0; at < bytes.length;) {
    at += await connection.write(bytes.subarray(at));
  }
}

/** Reads until the other end closes; what it said, up to 64 KiB. */
async function readOut(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(16_384);
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const n = await connection.read(buffer).catch(() => null);
    if (n === null) return text;
    if (text.length < 65_536) text += decoder.decode(buffer.subarray(0, n));
  }
}

interface Cut {
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

interface Flood {
  readonly tried: number;
  /** Let in, and held open by us until the end. */
  readonly held: number;
  readonly refused: number;
}

/** Opens as many connections as it can and holds them while `meanwhile` runs. */
export async function flood(
  place: string,
  count: number,
  meanwhile: (refused: () => number) => Promise<void>,
): Promise<Flood> {
  const connections: Deno.TcpConn[] = [];
  let refused = 0;
  for (let i = 0; i < count; i++) {
    const connection = await connect(place).catch(() => null);
    if (connection === null) refused++;
    else connections.push(connection);
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

/** Normal requests, one after the other, and how long each took. */
export class Visitor {
  readonly #times: number[] = [];
  readonly #faults: string[] = [];
  #over = false;
  readonly #done: Promise<void>;

  constructor(target: Target, path = "/api/instruments", pauseMs = 20) {
    this.#done = this.#run(target, path, pauseMs);
  }

  async #run({ http, headers }: Target, path: string, pauseMs: number) {
    while (!this.#over) {
      const began = performance.now();
      try {
        const response = await fetch(http + path, { headers });
        await response.bytes();
        if (response.ok) this.#times.push(performance.now() - began);
        else this.#faults.push(String(response.status));
      } catch (error) {
        this.#faults.push(String(error));
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async leave(): Promise<{
    readonly requests: number;
    readonly faults: readonly string[];
    readonly p50Ms: number | null;
    readonly p99Ms: number | null;
  }> {
    this.#over = true;
    await this.#done;
    return {
      requests: this.#times.length,
      faults: [...new Set(this.#faults)],
      p50Ms: quantile(this.#times, 0.5),
      p99Ms: quantile(this.#times, 0.99),
    };
  }
}

/** @returns `null` of nothing. */
function quantile(values: readonly number[], q: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.floor(q * sorted.length));
  return Math.round(sorted[at] * 10) / 10;
}

/** Sends fuzzed lines to a listener and ends; how many lines it has to count. */
export async function fuzzFeed(
  place: string,
  { seed, lines, format }: {
    readonly seed: number;
    readonly lines: number;
    readonly format: "ndjson" | "csv";
  },
): Promise<number> {
  const fuzzer = new LineFuzzer(seed, format);
  const connection = await connect(place);
  let sent = 0;
  for (let left = lines; left > 0; left -= 1_000) {
    const next = fuzzer.next(Math.min(left, 1_000));
    await write(connection, next.bytes);
    sent += next.lines;
  }
  await connection.closeWrite();
  await readOut(connection);
  connection.close();
  return sent;
}
