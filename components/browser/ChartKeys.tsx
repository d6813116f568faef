import { useEffect, useRef } from "preact/hooks";
import { CHART_KEYS } from "../../chart/key_words.ts";
import { KeysDialog } from "./KeysDialog.tsx";

const KEYS = [
  ["Tab", "To the chart, where the keys below are its own"],
  ...CHART_KEYS,
  ["/", "To another instrument"],
  ["?", "These keys"],
] as const;

/** What single keys do on the page of an instrument; it is open at once. */
export function ChartKeys({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return <KeysDialog dialog={dialog} keys={KEYS} onClose={onClose} />;
}
