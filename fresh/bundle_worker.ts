/// <reference lib="deno.worker" />
import esbuild from "esbuild-wasm/lib/browser.js";
import { resolveImport } from "./resolve_import.ts";
import { shakable } from "./shakable.ts";

export interface BundleRequest {
  /** Absolute paths of the modules, by the name of their file. */
  readonly entries: Readonly<Record<string, string>>;
  /** The folder of deno.json and node_modules, with a slash at the end. */
  readonly root: string;
}

export type BundleReply =
  | { kind: "bundled"; files: Record<string, Uint8Array<ArrayBuffer>> }
  | { kind: "failed"; reason: string };

self.onmessage = async ({ data }: MessageEvent<BundleRequest>) => {
  let reply: BundleReply;
  try {
    reply = { kind: "bundled", files: await bundle(data) };
  } catch (error) {
    reply = { kind: "failed", reason: describeFailure(error) };
  }
  self.postMessage(reply);
};

async function bundle(
  { entries, root }: BundleRequest,
): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const wasm = new URL(import.meta.resolve("esbuild-wasm/esbuild.wasm"));
  const wasmModule = await WebAssembly.compile(await Deno.readFile(wasm));
  await esbuild.initialize({ wasmModule, worker: false });
  const { imports } = JSON.parse(await Deno.readTextFile(root + "deno.json"));
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: Object.entries(entries).map(([out, path]) => ({
      in: path,
      out: out.replace(/\.js$/, ""),
    })),
    outdir: "/",
    // Others are named after packages, which may have any character.
    chunkNames: "chunk-[hash]",
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    jsx: "automatic",
    jsxImportSource: "preact",
    tsconfigRaw: {},
    logLevel: "silent",
    plugins: [fileResolver({ imports, root, entries })],
  });
  for (const [path, output] of Object.entries(metafile.outputs)) {
    const left = output.imports.find((each) => each.external);
    if (left) throw new Error(`Cannot leave import "${left.path}" in ${path}`);
  }
  return Object.fromEntries(
    outputFiles.map(({ path, contents }) => [
      path.slice(1),
      contents as Uint8Array<ArrayBuffer>,
    ]),
  );
}

/** Finds and reads files for esbuild, which has no file system here. */
function fileResolver(
  { imports, root, entries }: BundleRequest & {
    imports: Record<string, string>;
  },
): esbuild.Plugin {
  /** Who imported a file first: the way back to the island. */
  const importedBy = new Map<string, string>();
  const wayTo = (path: string): string[] => {
    const importer = importedBy.get(path);
    return [...(importer === undefined ? [] : wayTo(importer)), path];
  };
  /** A package by its name, another file by its path under the root. */
  const shortPath = (path: string): string =>
    /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ??
      path.replace(root, "");
  return {
    name: "files",
    setup(build) {
      build.onResolve({ filter: /.*/ }, async ({ path, importer, kind }) => {
        if (kind === "entry-point") return { path };
        try {
          const found = await resolveImport(path, importer, { imports, root });
          const isEntry = Object.values(entries).includes(found);
          if (!isEntry && !importedBy.has(found)) {
            importedBy.set(found, importer);
          }
          return { path: found };
        } catch (error) {
          const reason = error instanceof Error ? error.message : error;
          const [first, ...way] = wayTo(importer).map(shortPath);
          const through = way.length
            ? ` through ${[...new Set(way)].join(", ")}`
            : "";
          return {
            errors: [{
              text: `Cannot bundle ${first} for the browser as it imports ` +
                `"${path}"${through}: ${reason}`,
            }],
          };
        }
      });
      build.onLoad({ filter: /.*/ }, async ({ path }) => ({
        contents: shakable(path, await Deno.readTextFile(path)),
        loader: loaderOf(path),
      }));
    },
  };
}

function loaderOf(path: string): esbuild.Loader {
  if (path.endsWith(".tsx")) return "tsx";
  if (path.endsWith(".ts")) return "ts";
  return path.endsWith(".json") ? "json" : "js";
}

/** The first error says it; one bad package alone can make a hundred. */
function describeFailure(error: unknown): string {
  const { errors } = error as Partial<esbuild.BuildFailure>;
  if (errors === undefined) return String(error);
  const [{ text, location }, ...more] = errors;
  const place = location === null || text.startsWith("Cannot ")
    ? ""
    : `Cannot bundle ${location.file}:${location.line}: `;
  return place + text + (more.length ? ` (and ${more.length} more)` : "");
}
