import type { RefObject } from "preact";

/** What single keys do on the page; opened by `?` or its button. */
export function KeysDialog({ dialog, keys, onClose }: {
  readonly dialog: RefObject<HTMLDialogElement | null>;
  readonly keys: readonly (readonly [string, string])[];
  readonly onClose?: () => void;
}) {
  return (
    <dialog
      ref={dialog}
      class="keys"
      aria-labelledby="keys-title"
      onClose={onClose}
    >
      <h2 id="keys-title">Keys</h2>
      <dl>
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
