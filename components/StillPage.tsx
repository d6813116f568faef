/** What readers without scripts should know; what needs scripts is hidden. */
export function StillPage() {
  return (
    <noscript>
      <p class="notice">
        This page stands still without scripts: reload it for newer prices. Ages
        are as of its loading.
      </p>
    </noscript>
  );
}
