import { useEffect, useState } from "preact/hooks";
import { pollReasons } from "../components/browser/poll_reasons.ts";

/** What does not work and what becomes of the data, for as long as it holds. */
export default function Outages(props: {
  readonly reasons: readonly string[];
}) {
  const [reasons, setReasons] = useState(props.reasons);
  useEffect(() => pollReasons(setReasons, props.reasons), []);
  return (
    <div class="outages" role="status">
      {reasons.map((reason) => <p key={reason} class="notice">{reason}.</p>)}
    </div>
  );
}
