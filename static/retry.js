// On a page that stands for one that cannot be shown yet: asks for that one
// every few seconds, and shows it when it is there. A refresh by the page's
// head would start anew whoever reads it with a screen reader.
{
  const EVERY_MS = 2000;
  const ask = async () => {
    try {
      const { ok } = await fetch(location.href, { method: "HEAD" });
      if (ok) return location.reload();
    } catch {
      // Not reached: asked again.
    }
    setTimeout(ask, EVERY_MS);
  };
  setTimeout(ask, EVERY_MS);
}
