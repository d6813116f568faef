const FORGET_AFTER_MS = 10_000;

/** Hands a file to the reader, as if a link to it had been followed. */
export function saveFile(content: Blob, name: string): void {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(content);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), FORGET_AFTER_MS);
}
