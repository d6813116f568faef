import { TextLineStream } from "../../tests/harness/text_line_stream.ts";

/**
 * A pipeline that is measured beside the program: a process of its own that
 * says its port, takes a number of lines, and says its candles' hash.
 */
export interface Peer {
  readonly address: string;
  /** Resolves once all ticks are in candles. */
  readonly done: Promise<{ readonly hash: string }>;
}

/** @param file In `bench/peers/`; the arguments are what it documents. */
export async function startPeer(
  file: string,
  args: readonly string[],
): Promise<Peer> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...["--no-prompt", "--allow-net=127.0.0.1", "--allow-env", "--allow-sys"],
      "--allow-read",
      new URL(`../peers/${file}`, import.meta.url).pathname,
      ...args,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
    .getReader();
  const next = async () => {
    const { value, done } = await lines.read();
    if (done) throw new Error(`${file} ended too early`);
    return JSON.parse(value);
  };
  const { port } = await next();
  const done = next().then(async ({ hash }) => {
    await child.status;
    return { hash };
  });
  return { address: `127.0.0.1:${port}`, done };
}
