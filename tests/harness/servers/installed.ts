/** Whether a test may leave out what needs a server that is not installed. */
const IN_CI = Deno.env.get("CI") === "true";

/** A test that needs programs of this machine, by what finds them. */
export interface Needs {
  readonly [program: string]: () => string | null;
}

/**
 * A test that starts servers of its own.
 *
 * Where one is not installed the test says so and is ignored; in CI that is a
 * failure. Registered at once: a test registered later would be nested in one
 * that runs.
 */
export function serverTest(
  name: string,
  needs: Needs,
  run: (t: Deno.TestContext) => Promise<void>,
): void {
  const missing: string[] = [];
  for (const [program, find] of Object.entries(needs)) {
    if (find() === null) missing.push(program);
  }
  if (missing.length === 0) return Deno.test(name, run);
  const why = `${missing.join(" and ")} is not installed`;
  if (!IN_CI) {
    return Deno.test(`${name} (ignored: ${why})`, { ignore: true }, run);
  }
  Deno.test(name, () => {
    throw new Error(`Cannot test as ${why}`);
  });
}

/**
 * A server test that needs an extension of PostgreSQL as well, of which no
 * package is to be had where CI runs: without it, it is ignored there too.
 */
export function extensionTest(
  name: string,
  extension: Needs,
  server: Needs,
  run: (t: Deno.TestContext) => Promise<void>,
): void {
  const here = (needs: Needs) =>
    Object.values(needs).every((find) => find() !== null);
  if (here(extension) || !here(server)) return serverTest(name, server, run);
  const why = `${Object.keys(extension).join(" and ")} is not installed`;
  Deno.test(`${name} (ignored: ${why})`, { ignore: true }, run);
}

/** Path of a program, or `null` if there is none of that name. */
export function findProgram(
  name: string,
  folders: readonly string[] = [],
): string | null {
  const path = (Deno.env.get("PATH") ?? "").split(":");
  for (const folder of [...folders, ...path]) {
    const file = `${folder}/${name}`;
    if (isFile(file)) return file;
  }
  return null;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
