/** Opens the list of a page's keys, as `?` does. */
export function KeysButton({ onClick, hidden = false }: {
  readonly onClick: () => void;
  readonly hidden?: boolean;
}) {
  return (
    <button
      type="button"
      class="help"
      aria-keyshortcuts="?"
      aria-label="Keys"
      title="Keys (?)"
      onClick={onClick}
      hidden={hidden}
    >
      ?
    </button>
  );
}
