/** Settings that are secret, or have a secret within. */
export const SECRET_KEYS = [
  "REDIS_URL",
  "DATABASE_URL",
  "MIGRATION_URL",
  "READ_URL",
  "DATABASE_WS_URL",
  "FEEDS",
  "FEED_TOKEN",
  "API_TOKEN",
  "SIGNAL_WEBHOOKS",
  "WEBHOOK_TOKEN",
] as const;

/** The setting that names the file which holds a secret one. */
export function fileKeyOf(key: typeof SECRET_KEYS[number]): string {
  return `${key}_FILE`;
}
