/** Names that browsers keep for places that have had others for long. */
const RENAMED: Readonly<Record<string, string>> = {
  "Asia/Calcutta": "Asia/Kolkata",
  "Asia/Katmandu": "Asia/Kathmandu",
  "Asia/Rangoon": "Asia/Yangon",
  "Asia/Saigon": "Asia/Ho_Chi_Minh",
  "Europe/Kiev": "Europe/Kyiv",
};

/** IANA names of all time zones, by the names in use. */
export function timeZones(): readonly string[] {
  const names = Intl.supportedValuesOf("timeZone").map((name) =>
    RENAMED[name] ?? name
  );
  return [...new Set(names)].sort();
}
