import { useEffect, useRef, useState } from "preact/hooks";
import type { PasteLine } from "./first_lines.ts";

const TOLD_MS = 4_000;

/** A line to paste, with a button that copies it where scripts run. */
export function CopyLine({ title, line }: PasteLine) {
  const [ready, setReady] = useState(false);
  const [told, setTold] = useState("");
  const code = useRef<HTMLElement>(null);
  useEffect(() => setReady(true), []);
  useEffect(() => {
    if (told === "") return;
    const timer = setTimeout(() => setTold(""), TOLD_MS);
    return () => clearTimeout(timer);
  }, [told]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(line);
      setTold("Copied");
    } catch {
      // Only a page of this machine or over TLS may write to the clipboard.
      if (code.current !== null) {
        getSelection()?.selectAllChildren(code.current);
      }
      setTold("Selected: copy it with Ctrl+C");
    }
  };
  return (
    <div class="copy-line">
      <p>{title}</p>
      <div>
        <pre
          tabIndex={0}
          aria-label={title}
        ><code ref={code}>{line}</code></pre>
        <button
          type="button"
          class="needs-scripts"
          disabled={!ready}
          aria-label={`Copy the line: ${title}`}
          onClick={copy}
        >
          Copy
        </button>
      </div>
      <p class="fine told" role="status">{told}</p>
    </div>
  );
}
