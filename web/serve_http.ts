import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { compressAnswer } from "./compress_answer.ts";
import { ListenError } from "../pipeline/listen_error.ts";
import { isLoopback } from "./loopback.ts";
import { ConnectionSink } from "./connection_sink.ts";
import { Places } from "./places.ts";
import { type BodySource, sourceOf } from "./pushed_body.ts";
import { SECURITY_HEADERS } from "./security_headers.ts";

/** What answers: `app.handler()` of Fresh, or any function like it. */
export type HttpHandler = (
  request: Request,
  info?: Deno.ServeHandlerInfo,
) => Promise<Response>;

export interface ServeHttpOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly connectionsMax?: number;
  /** Of one address; this machine and proxies have no such limit. */
  readonly connectionsOfAddressMax?: number;
  /** Other addresses than this machine's whose `X-Forwarded-For` is believed. */
  readonly proxies?: readonly string[];
  /** An error that no answer could tell, for the log. */
  readonly onError?: (error: unknown) => void;
}

export interface HttpServer {
  /** Such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Takes no more requests, lets open ones end, and cuts them after 2 s. */
  close(): Promise<void>;
}

const URL_BYTES_MAX = 2 * 1024;
const BODY_BYTES_MAX = 16 * 1024;
const HEADER_BYTES_MAX = 16 * 1024;
const CONNECTIONS_MAX = 1_000;
const CONNECTIONS_OF_ADDRESS_MAX = 64;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_TIMEOUT_MS = 5_000;
const CHECK_EVERY_MS = 1_000;
const CLOSE_AFTER_MS = 2_000;
const PIECE_BYTES = 65_536;

/**
 * Serves a handler over HTTP/1.1 with bounds on time, sizes and connections,
 * with the security headers on every answer, and text in gzip.
 *
 * A client that leaves aborts the request's signal and cancels the body. Bound
 * to a loopback address it answers only requests that name one, so that a page
 * elsewhere cannot reach it through a name that resolves here.
 *
 * @throws {ListenError} If the address cannot be listened on.
 */
export async function serveHttp(
  handler: HttpHandler,
  options: ServeHttpOptions,
): Promise<HttpServer> {
  const { host, port } = options;
  const { connectionsOfAddressMax = CONNECTIONS_OF_ADDRESS_MAX } = options;
  const sockets = new Set<Socket>();
  const proxies = new Set(options.proxies);
  const isProxy = (address: string) =>
    isLoopback(address) || proxies.has(address);
  const answer = (message: IncomingMessage, response: ServerResponse) => {
    respond(handler, message, response, host, isProxy).catch((error) => {
      options.onError?.(error);
      response.destroy();
    });
  };
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_EVERY_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
  }, answer);
  server.maxConnections = options.connectionsMax ?? CONNECTIONS_MAX;
  const places = new Places();
  const limits = {
    clients: Infinity, // `maxConnections` has that bound
    clientsOfAddress: connectionsOfAddressMax,
  };
  server.on("connection", (socket: Socket) => {
    const leave = places.enter(plainAddress(socket), limits, isProxy);
    if (leave === null) return void socket.destroy();
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      leave();
    });
    socket.on("error", () => {}); // the close that follows is enough
  });
  server.on("clientError", (error: Error & { code?: string }, socket) => {
    if (!socket.writable) return void socket.destroy();
    const [status, text] = CLIENT_ERRORS[error.code ?? ""] ??
      [400, "Bad Request"];
    socket.end(rawAnswer(status, text));
  });

  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new ListenError("serve", `${host}:${port}`, cause));
    });
    server.listen(port, host.replace(/^\[|\]$/g, ""), () => resolve());
  });
  server.on("error", (error) => options.onError?.(error));

  const address = server.address() as AddressInfo;
  return {
    url: `http://${urlHost(host)}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        const cut = setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, CLOSE_AFTER_MS);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

const CLIENT_ERRORS: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, "Request Header Fields Too Large"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "Request Timeout"],
};

function rawAnswer(status: number, text: string): string {
  const headers = Object.entries({
    ...SECURITY_HEADERS,
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": String(text.length),
    "Connection": "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${text}\r\n${headers.join("")}\r\n${text}`;
}

async function respond(
  handler: HttpHandler,
  message: IncomingMessage,
  response: ServerResponse,
  host: string,
  isProxy: (address: string) => boolean,
): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    response.setHeader(name, value);
  }
  const viaProxy = isProxy(plainAddress(message.socket));
  if (viaProxy && message.headers["x-forwarded-proto"] === "https") {
    response.setHeader("Strict-Transport-Security", "max-age=31536000");
  }
  const refused = refusal(message, host);
  if (refused !== null) return refuse(response, refused);
  const body = await readBody(message);
  if (body === "too large") {
    return refuse(response, {
      status: 413,
      text: `Request body must be at most ${BODY_BYTES_MAX} bytes`,
    });
  }

  const headers = headersOf(message);
  if (headers === null) {
    return refuse(response, {
      status: 400,
      text: "Headers must be plain text",
    });
  }
  const gone = new AbortController();
  const leave = () => gone.abort();
  response.on("close", leave);
  const request = new Request(`http://${message.headers.host}${message.url}`, {
    method: message.method,
    headers,
    body,
    signal: gone.signal,
  });
  const answer = await compressAnswer(
    await handler(request, infoOf(message, viaProxy)),
    message.method === "HEAD" ? null : headers.get("accept-encoding"),
  );
  const source = answer.body && sourceOf(answer.body);
  if (source === null) {
    return await send(answer, response, gone.signal, message.method === "HEAD");
  }
  response.off("close", leave);
  if (gone.signal.aborted) source.gone();
  else push(answer, source, response);
}

interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is wrong with a request that no handler needs to see. */
function refusal(message: IncomingMessage, host: string): Refusal | null {
  const { method, url = "", headers } = message;
  if (method !== "GET" && method !== "HEAD" && method !== "POST") {
    return {
      status: 405,
      text: `Method must be GET, HEAD or POST, got ${method}`,
      headers: { Allow: "GET, HEAD, POST" },
    };
  }
  if (url.length > URL_BYTES_MAX) {
    return { status: 414, text: `URL must be at most ${URL_BYTES_MAX} bytes` };
  }
  if (!url.startsWith("/") || !URL.canParse(`http://localhost${url}`)) {
    return { status: 400, text: "URL must be a path" };
  }
  const named = headers.host ?? "";
  const hosts = message.rawHeaders.filter((name, i) =>
    i % 2 === 0 && name.toLowerCase() === "host"
  );
  if (
    hosts.length !== 1 ||
    !/^(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?$/.test(named)
  ) {
    return { status: 400, text: "Host must be a name and an optional port" };
  }
  const name = named.replace(/:\d+$/, "").toLowerCase();
  if (isLoopback(host) && !isLoopback(name) && name !== host.toLowerCase()) {
    return {
      status: 421,
      text: "Host must be localhost or the address that is served",
    };
  }
  return null;
}

function refuse(response: ServerResponse, refused: Refusal): void {
  response.writeHead(refused.status, {
    ...refused.headers,
    "Content-Type": "text/plain; charset=utf-8",
    "Connection": "close",
  });
  response.end(refused.text);
}

/** The body of a POST; other methods' are left unread. */
async function readBody(
  message: IncomingMessage,
): Promise<Uint8Array<ArrayBuffer> | undefined | "too large"> {
  const length = Number(message.headers["content-length"] ?? 0);
  if (length > BODY_BYTES_MAX) return "too large";
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of message as AsyncIterable<Uint8Array>) {
    total += part.length;
    if (total > BODY_BYTES_MAX) return "too large";
    parts.push(part);
  }
  if (message.method !== "POST") return undefined;
  const body = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

/** `null` if a name or a value is none that a header may have. */
function headersOf(message: IncomingMessage): Headers | null {
  const headers = new Headers();
  const { rawHeaders } = message;
  try {
    for (let i = 0; i < rawHeaders.length; i += 2) {
      headers.append(rawHeaders[i], rawHeaders[i + 1]);
    }
  } catch {
    return null;
  }
  return headers;
}

/** Of IPv4 as it is written, also where a socket of IPv6 took it. */
function plainAddress({ remoteAddress = "unknown" }: Socket): string {
  return remoteAddress.replace(/^::ffff:(?=[\d.]+$)/i, "");
}

/** Who asked: behind a proxy of ours, whom it names last. */
function infoOf(
  message: IncomingMessage,
  viaProxy: boolean,
): Deno.ServeHandlerInfo {
  const { remotePort = 0 } = message.socket;
  const forwarded = message.headers["x-forwarded-for"] ?? "";
  const named = String(forwarded).split(",").at(-1)!.trim();
  return {
    remoteAddr: {
      transport: "tcp",
      hostname: viaProxy && /^[0-9a-f.:]{2,45}$/i.test(named)
        ? named
        : plainAddress(message.socket),
      port: remotePort,
    },
    get completed() {
      return new Promise<void>((resolve) => message.on("close", resolve));
    },
  };
}

/** Has a source write to the connection, which is its own until it ends. */
function push(
  answer: Response,
  source: BodySource,
  response: ServerResponse,
): void {
  writeHead(answer, response);
  // Its end is the connection's: nothing is written around each part.
  response.setHeader("Connection", "close");
  response.removeHeader("Transfer-Encoding");
  response.flushHeaders();
  source.begin(new ConnectionSink(response, source));
}

function writeHead(answer: Response, response: ServerResponse): void {
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) {
    if (name === "set-cookie") response.appendHeader(name, value);
    else if (!(name in SECURITY_LOWER)) response.setHeader(name, value);
  }
}

/** Sends an answer as it comes, no faster than the client reads. */
async function send(
  answer: Response,
  response: ServerResponse,
  gone: AbortSignal,
  headOnly: boolean,
): Promise<void> {
  if (gone.aborted) return void await answer.body?.cancel();
  writeHead(answer, response);
  if (headOnly || answer.body === null) {
    await answer.body?.cancel();
    response.end();
    return;
  }
  const reader = answer.body.getReader();
  const leave = () => void reader.cancel().catch(() => {});
  gone.addEventListener("abort", leave);
  // Of a client that does not read nothing else would come to an end.
  reader.closed.catch(() => response.destroy());
  try {
    response.flushHeaders();
    while (!gone.aborted) {
      const { done, value } = await reader.read();
      if (done) break;
      await write(response, value, gone);
    }
    response.end();
  } finally {
    gone.removeEventListener("abort", leave);
  }
}

const SECURITY_LOWER = Object.fromEntries(
  Object.keys(SECURITY_HEADERS).map((name) => [name.toLowerCase(), true]),
);

/**
 * In pieces, so that little is held for a client that is slow; with memory of
 * their own, all of which a socket would copy for each.
 */
async function write(
  response: ServerResponse,
  bytes: Uint8Array,
  gone: AbortSignal,
): Promise<void> {
  for (let at = 0; at < bytes.length && !gone.aborted; at += PIECE_BYTES) {
    const piece = bytes.length <= PIECE_BYTES
      ? bytes
      : bytes.slice(at, at + PIECE_BYTES);
    if (!response.write(piece)) await drained(response, gone);
  }
}

function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      gone.removeEventListener("abort", done);
      resolve();
    };
    response.on("drain", done);
    gone.addEventListener("abort", done);
    if (gone.aborted) done();
  });
}

function urlHost(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
