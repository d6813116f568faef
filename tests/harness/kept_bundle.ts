/**
 * The islands' code is bundled at a program's first start in a data folder,
 * which takes seconds of a core. Tests keep it, so that it is done once for the
 * same sources; the program checks what it is given.
 */
const KEPT = `${Deno.env.get("TMPDIR") ?? "/tmp"}/tickhouse-kept-bundle`;

/** Puts the code that was kept, if any, into a data folder. */
export async function useKeptBundle(dataDir: string): Promise<void> {
  const builds = await namesIn(KEPT);
  try {
    await Deno.mkdir(dataDir, { recursive: true, mode: 0o700 });
  } catch {
    return; // what is wrong with the folder is for the program to say
  }
  for (const build of builds) {
    await copyBuild(`${KEPT}/${build}`, `${dataDir}/bundle/${build}`);
  }
}

/** Keeps the code that a program has bundled in its data folder, if it has. */
export async function keepBundle(dataDir: string): Promise<void> {
  const [build] = await bundledIn(dataDir);
  if (build === undefined || await isThere(`${KEPT}/${build}/manifest.json`)) {
    return;
  }
  await copyBuild(`${dataDir}/bundle/${build}`, `${KEPT}/${build}`);
  for (const other of await namesIn(KEPT)) {
    if (other === build) continue;
    await Deno.remove(`${KEPT}/${other}`, { recursive: true }).catch(() => {});
  }
}

/** Builds that are whole in a data folder. */
export async function bundledIn(dataDir: string): Promise<readonly string[]> {
  const whole: string[] = [];
  for (const build of await namesIn(`${dataDir}/bundle`)) {
    const manifest = `${dataDir}/bundle/${build}/manifest.json`;
    if (await isThere(manifest)) whole.push(build);
  }
  return whole;
}

/** The manifest comes last, as the program writes it. */
async function copyBuild(from: string, to: string): Promise<void> {
  if (await isThere(`${to}/manifest.json`)) return;
  try {
    await Deno.mkdir(to, { recursive: true });
    const names = await namesIn(from);
    const last = (name: string) => Number(name === "manifest.json");
    for (const name of names.toSorted((a, b) => last(a) - last(b))) {
      await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
    }
  } catch (error) {
    // Somebody else removes it: the program then bundles by itself.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
