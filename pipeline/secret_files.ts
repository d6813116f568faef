import { ConfigError, type ConfigProblem } from "./config.ts";
import { fileKeyOf, SECRET_KEYS } from "./secret_keys.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Longer than any secret: whoever names a log by mistake is told. */
const CHARACTERS_MAX = 16_384;

/**
 * The same environment, with the settings whose files it names: a secret in a
 * file is in no list of processes, and with no child of this one.
 *
 * @throws {ConfigError} If a file cannot be read or is empty, or a setting is
 * there both ways; it names all that are.
 */
export function readSecretFiles(
  env: Env,
  readText = (path: string): string => Deno.readTextFileSync(path),
): Env {
  const read: Record<string, string> = {};
  const problems: ConfigProblem[] = [];
  for (const key of SECRET_KEYS) {
    const fileKey = fileKeyOf(key);
    const path = env[fileKey]?.trim();
    if (!path) continue;
    const problem = (wanted: string) =>
      problems.push({ key: fileKey, value: path, wanted });
    if (env[key]?.trim()) {
      problem(`unset where ${key} is set`);
      continue;
    }
    try {
      const text = readText(path).trim();
      if (text === "" || text.length > CHARACTERS_MAX) {
        problem(`a file of 1 to ${CHARACTERS_MAX} characters`);
      } else read[key] = text;
    } catch (error) {
      const why = error instanceof Error ? error.name : String(error);
      problem(`a file that can be read (${why})`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...env, ...read };
}
