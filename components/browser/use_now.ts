import { useEffect, useState } from "preact/hooks";
import type { ServerClock } from "./server_clock.ts";

/** The server's time, told again each second; `serverNow` at first. */
export function useNow(clock: ServerClock, serverNow: number): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    clock.set(serverNow);
    const timer = setInterval(() => setNow(clock.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
