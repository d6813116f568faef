import { useEffect, useReducer, useRef } from "preact/hooks";
import { InstrumentSession, type SessionStart } from "./instrument_session.ts";

/** A session of one instrument; its changes of a frame are shown together. */
export function useInstrument(
  start: Omit<SessionStart, "onChange">,
): InstrumentSession {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const session = useRef<InstrumentSession | null>(null);
  const frame = useRef(0);
  session.current ??= new InstrumentSession({
    ...start,
    onChange: () => {
      frame.current ||= requestAnimationFrame(() => {
        frame.current = 0;
        redraw(0);
      });
    },
  });
  useEffect(() => {
    const close = session.current!.open();
    return () => {
      close();
      cancelAnimationFrame(frame.current);
    };
  }, []);
  return session.current;
}
