import { useEffect, useReducer, useRef } from "preact/hooks";
import type { InstrumentPage } from "../instrument_state.ts";
import { InstrumentSession } from "./instrument_session.ts";

/** The islands of a page are given one object, and so share one session. */
const sessions = new WeakMap<InstrumentPage, InstrumentSession>();

function sessionOf(page: InstrumentPage): InstrumentSession {
  let session = sessions.get(page);
  if (session === undefined) {
    session = new InstrumentSession(page);
    sessions.set(page, session);
  }
  return session;
}

/**
 * The session of a page, kept open while an island of it is there.
 *
 * The island is rendered again when something it shows has changed; changes of
 * a frame together.
 *
 * @param shown What it shows of the session; compared one by one.
 */
export function useInstrument(
  page: InstrumentPage,
  shown: (session: InstrumentSession) => readonly unknown[],
): InstrumentSession {
  const [, render] = useReducer((n: number) => n + 1, 0);
  const session = sessionOf(page);
  const last = useRef<readonly unknown[]>([]);
  last.current = shown(session);
  useEffect(() => {
    let frame = 0;
    const stop = session.watch(() => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        const now = shown(session);
        if (now.some((value, i) => value !== last.current[i])) render(0);
      });
    });
    const close = session.open();
    return () => {
      stop();
      close();
      cancelAnimationFrame(frame);
    };
  }, []);
  return session;
}
