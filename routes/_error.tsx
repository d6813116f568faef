import { HttpError, page } from "fresh";
import { asset, Head } from "fresh/runtime";
import { define } from "../web/define.ts";
import { knownOutages } from "../web/known_outages.ts";

const RETRY_AFTER_S = 5;

export const handler = define.handlers(async (ctx) => {
  const { error, state, req } = ctx;
  const status = error instanceof HttpError ? error.status : 500;
  if (status !== 503) return page<readonly string[]>([], { status });
  return page((await knownOutages(state.services, req)).reasons, {
    status,
    headers: { "Retry-After": `${RETRY_AFTER_S}` },
  });
});

export default define.page<typeof handler>(function ErrorPage(
  { error, data },
) {
  const status = error instanceof HttpError ? error.status : 500;
  const ours = status >= 500;
  return (
    <main class="message">
      <Head>
        <title>Error · Tickhouse</title>
      </Head>
      <h1>
        {ours ? "This page cannot be shown now" : "That cannot be answered"}
      </h1>
      <p>
        {status === 503
          ? `What this page shows could not be read in time; it is asked for again every few seconds. Ticks that were acknowledged are safe.`
          : ours
          ? "Something inside went wrong. Ticks that were acknowledged are safe."
          : error instanceof Error && error.message !== ""
          ? error.message
          : `The request was refused with status ${status}.`}
      </p>
      {data.map((reason) => <p key={reason}>{reason}.</p>)}
      {status === 503 && <script src={asset("/retry.js")} defer></script>}
      <p>
        <a href="/readyz">What is wrong</a> · <a href="/">All instruments</a>
      </p>
    </main>
  );
});
