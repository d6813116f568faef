import type { InstrumentView } from "../api_views.ts";
import { zoneFor } from "./settings.ts";
import { useSettings } from "./use_settings.ts";

/** IANA name of the zone that the reader wants an instrument's times in. */
export function useZone({ zone }: InstrumentView): string {
  const { timeZone } = useSettings();
  return zoneFor(timeZone, zone);
}
