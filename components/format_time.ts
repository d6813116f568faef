type Style = "clock" | "seconds" | "moment" | "day" | "zone";

const STYLES: Record<Style, Intl.DateTimeFormatOptions> = {
  clock: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  seconds: {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  },
  moment: {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  },
  day: { weekday: "short", day: "numeric", month: "short", year: "numeric" },
  zone: { timeZoneName: "short" },
};

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making one costs far more than using it. */
function formatFor(style: Style, zone: string): Intl.DateTimeFormat {
  const key = `${style} ${zone}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", {
      ...STYLES[style],
      timeZone: zone,
    });
    formats.set(key, format);
  }
  return format;
}

/** Hour and minute in the exchange's zone, as in `15:23`. */
export function formatClock(ms: number, zone: string): string {
  return formatFor("clock", zone).format(ms);
}

/** With seconds, as in `15:23:07`. */
export function formatSeconds(ms: number, zone: string): string {
  return formatFor("seconds", zone).format(ms);
}

/** Day, month, hour and minute, as in `25 Nov, 15:23`. */
export function formatMoment(ms: number, zone: string): string {
  return formatFor("moment", zone).format(ms);
}

/** A day, as in `Tue, 25 Nov 2025`. */
export function formatDay(ms: number, zone: string): string {
  return formatFor("day", zone).format(ms);
}

/** Short name of the zone at that time, as in `UTC` or `GMT+5:30`. */
export function formatZone(ms: number, zone: string): string {
  return formatFor("zone", zone).formatToParts(ms)
    .find(({ type }) => type === "timeZoneName")?.value ?? zone;
}

/** How long something takes or has been, as in `12 s`, `4 min`, `3 h`, `2 d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}
