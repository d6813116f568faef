/** What a browser gets while the stores open: it asks again by itself. */
export function startingPage(): Response {
  return new Response(PAGE, {
    status: 503,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "no-store",
      "Retry-After": "1",
    },
  });
}

const PAGE = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>Starting · Tickhouse</title>
<link rel="stylesheet" href="/styles.css">
<script src="/retry.js" defer></script>
</head>
<body>
<main class="message">
<h1>Tickhouse is starting</h1>
<p>The buffer and the warehouse are being opened. This page asks again by itself;
without scripts, reload it.</p>
</main>
</body>
</html>
`;
