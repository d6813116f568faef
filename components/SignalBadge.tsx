import type { SignalView } from "../pipeline/domain/signal.ts";
import { ARROWS } from "./format_change.ts";

/** What the rule says, and which way the forecast leans. */
export function SignalBadge(
  { signal }: {
    readonly signal: Pick<SignalView, "action" | "lean" | "reason">;
  },
) {
  const { action, lean } = signal;
  return (
    <span
      class={`signal signal-${action.toLowerCase()}`}
      title={signal.reason}
    >
      <b>{action}</b>
      <small>
        <span aria-hidden="true">{ARROWS[lean]}</span> {lean}
      </small>
    </span>
  );
}
