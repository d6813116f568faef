import { HttpError } from "fresh";
import { Head } from "fresh/runtime";
import { define } from "../web/define.ts";

export default define.page(function ErrorPage({ error }) {
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
        {ours
          ? "Something inside did not answer. Ticks that were acknowledged are safe; try again in a moment."
          : error instanceof Error && error.message !== ""
          ? error.message
          : `The request was refused with status ${status}.`}
      </p>
      <p>
        <a href="/readyz">What is wrong</a> · <a href="/">All instruments</a>
      </p>
    </main>
  );
});
