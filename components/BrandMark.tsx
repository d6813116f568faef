/**
 * The drawing of `static/icon.svg`, in the page itself: as an image it would be
 * a request and a document of its own before the first paint.
 */
export function BrandMark() {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#12181f" />
      <path d="M9 6v20M16 4v18M23 9v19" stroke="#7d8b99" stroke-width="1.6" />
      <rect x="6.5" y="11" width="5" height="10" rx="1" fill="#26a69a" />
      <rect x="13.5" y="8" width="5" height="9" rx="1" fill="#ef5350" />
      <rect
        x="20.5"
        y="14"
        width="5"
        height="9"
        rx="1"
        fill="none"
        stroke="#c79bf2"
        stroke-width="1.6"
      />
    </svg>
  );
}
