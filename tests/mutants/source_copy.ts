import type { Patch, Suite } from "./mutants.ts";

const ROOT = new URL("../../", import.meta.url);
/** What is no source of ours, and what is shared. */
const LEFT_OUT = new Set([
  "node_modules",
  "data",
  "coverage",
  "_build",
]);

export interface SuiteRun {
  readonly passed: boolean;
  readonly output: string;
}

/**
 * The program's source in a folder of its own, where it can be changed: a
 * mutant is never part of the program, so nothing can switch it on there.
 */
export class SourceCopy implements AsyncDisposable {
  private constructor(private readonly folder: string) {}

  static async make(): Promise<SourceCopy> {
    const folder = await Deno.makeTempDir({ prefix: "mutants-" });
    const root = decodeURIComponent(ROOT.pathname);
    for await (const { name } of Deno.readDir(root)) {
      if (LEFT_OUT.has(name) || name.startsWith(".")) continue;
      await copy(`${root}${name}`, `${folder}/${name}`);
    }
    await Deno.symlink(`${root}node_modules`, `${folder}/node_modules`);
    return new SourceCopy(folder);
  }

  /**
   * Changes files, and gives back what undoes it.
   *
   * @throws {Error} If a text to replace is not there exactly once: the source
   * has changed, and the mutant must follow.
   */
  async patch(patches: readonly Patch[]): Promise<() => Promise<void>> {
    const before = new Map<string, string>();
    for (const { file, find, replace } of patches) {
      const path = `${this.folder}/${file}`;
      const text = await Deno.readTextFile(path);
      const found = text.split(find).length - 1;
      if (found !== 1) {
        throw new Error(
          `Cannot mutate ${file} as ${JSON.stringify(find)} must be there ` +
            `once, and is ${found} times`,
        );
      }
      if (!before.has(path)) before.set(path, text);
      await Deno.writeTextFile(path, text.replace(find, () => replace));
    }
    return async () => {
      for (const [path, text] of before) await Deno.writeTextFile(path, text);
    };
  }

  async run({ args, env }: Suite): Promise<SuiteRun> {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--quiet",
        "--no-check",
        "--no-prompt",
        "--node-modules-dir=manual",
        "--allow-net=127.0.0.1,localhost",
        "--allow-read",
        "--allow-write",
        "--allow-env",
        "--allow-run",
        "--allow-sys",
        ...args,
      ],
      cwd: this.folder,
      env: { ...env, NO_COLOR: "1" },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { passed: code === 0, output: text(stdout) + text(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function copy(from: string, to: string): Promise<void> {
  const { isDirectory } = await Deno.stat(from);
  if (!isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) {
    await copy(`${from}/${name}`, `${to}/${name}`);
  }
}
