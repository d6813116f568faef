import { page } from "fresh";
import { Head } from "fresh/runtime";
import { define } from "../web/define.ts";

/** Without a handler the status would be 200. */
export const handler = define.handlers(() => page(undefined, { status: 404 }));

export default define.page<typeof handler>(function NotFoundPage({ url }) {
  return (
    <main class="message">
      <Head>
        <title>Not found · Tickhouse</title>
      </Head>
      <h1>Nothing is here</h1>
      <p>
        There is no page{" "}
        <code>{url.pathname}</code>, and no instrument of that name.
      </p>
      <p>
        <a href="/">All instruments</a>
      </p>
    </main>
  );
});
