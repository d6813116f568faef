import { ConfigError, type ConfigProblem } from "../pipeline/config.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Nothing here listens, and nothing but pages runs. */
const FIXED = {
  ROLES: "web",
  SIMULATE: "off",
  FEEDS: "",
  OPS_PORT: "",
  SIGNAL_WEBHOOKS: "",
};
const NEEDED = ["REDIS_URL", "DATABASE_URL"] as const;

/**
 * The settings of the program at a host that has a server of its own: the role
 * web alone, on stores that others fill.
 *
 * Such a host listens where it wants, so `HTTP_HOST` is taken to be open to the
 * network unless it says otherwise.
 *
 * @throws {ConfigError} If a store is not named: there is no folder for others.
 */
export function edgeEnvironment(env: Environment): Environment {
  const problems: ConfigProblem[] = NEEDED.filter((key) => !env[key]?.trim())
    .map((key) => ({
      key,
      value: "",
      wanted: "set, as pages alone have no store of their own",
    }));
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...env, HTTP_HOST: env.HTTP_HOST?.trim() || "0.0.0.0", ...FIXED };
}
