/**
 * A peer that folds a file of ticks into one-minute candles by itself, where it
 * is installed: none of them is a dependency of the program.
 */
export interface FilePeer {
  /** With what it does, as in "DuckDB: a file, one query". */
  readonly name: string;
  /** In `bench/peers/`. */
  readonly file: string;
  /** The npm package that a file in TypeScript needs; Debian's for Python. */
  readonly packages: readonly string[];
  /** Opens are not the first tick's price. */
  readonly opensAtClose?: boolean;
}

/** What a peer says at its end. */
export interface FilePeerResult {
  /** From the file to the candles, without what it takes to start. */
  readonly seconds: number;
  /** Symbol, start in Unix milliseconds, open, high, low, close, volume. */
  readonly candles: readonly (readonly [string, ...number[]])[];
}

const NOT_INSTALLED = 3;
const isPython = (file: string) => file.endsWith(".py");

/** How somebody gets what a peer needs. */
export function howToInstall({ file, packages }: FilePeer): string {
  return isPython(file)
    ? `apt-get install ${packages.join(" ")}`
    : `deno cache --no-config --no-lock ${packages.join(" ")}`;
}

/**
 * Runs a peer.
 *
 * @returns `null` if what it needs is not installed.
 * @throws {Error} If it fails.
 */
export async function runFilePeer(
  peer: FilePeer,
  args: readonly string[],
): Promise<FilePeerResult | null> {
  const path = new URL(`../peers/${peer.file}`, import.meta.url).pathname;
  const command = isPython(peer.file)
    ? new Deno.Command("/usr/bin/python3", { args: [path, ...args], ...PIPES })
    : new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--no-config", "--no-lock", "--cached-only"],
        "--allow-all",
        ...[path, ...peer.packages, ...args],
      ],
      ...PIPES,
    });
  const output = await command.output().catch((error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
  if (output === null || output.code === NOT_INSTALLED) return null;
  const said = new TextDecoder().decode(output.stderr);
  if (!output.success) {
    if (/--cached-only|not found in cache/.test(said)) return null;
    throw new Error(`${peer.file} failed: ${said}`);
  }
  return JSON.parse(new TextDecoder().decode(output.stdout));
}

const PIPES = {
  stdin: "null",
  stdout: "piped",
  stderr: "piped",
} as const;
