import { CopyLine } from "../components/CopyLine.tsx";
import type { PasteLine } from "../components/first_lines.ts";

/** Lines to paste, on a page that is no island itself. */
export default function PasteLines({ lines }: {
  readonly lines: readonly PasteLine[];
}) {
  return <>{lines.map((one) => <CopyLine key={one.line} {...one} />)}</>;
}
