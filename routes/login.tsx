import { HttpError, page } from "fresh";
import { Head } from "fresh/runtime";
import { define } from "../web/define.ts";
import { isKnown, isToken, sessionCookie } from "../web/sign_in.ts";

interface Login {
  readonly next: string;
  /** What came of the last try, in words. */
  readonly problem: string | null;
}

const NOT_KEPT = "Your browser did not keep the sign-in. Browsers keep it " +
  "over HTTPS only, or on the machine itself: put a proxy with TLS before " +
  "Tickhouse.";

/** Asks for the API's token and keeps proof of it in a cookie. */
export const handler = define.handlers({
  GET(ctx) {
    const { services } = ctx.state;
    const next = localPath(ctx.url.searchParams.get("next"));
    if (isKnown(services, ctx.req.headers)) return ctx.redirect(next, 303);
    const tried = ctx.url.searchParams.has("signed-in");
    return page<Login>({ next, problem: tried ? NOT_KEPT : null });
  },
  async POST(ctx) {
    const { services, waitS = 0 } = ctx.state;
    const { apiToken, clock } = services;
    if (apiToken === null) return ctx.redirect("/", 303);
    const form = await readForm(ctx.req);
    const next = localPath(form.get("next"));
    if (waitS > 0) {
      return page<Login>({
        next,
        problem: `Too many wrong tokens came from your address. Try again ` +
          `in ${waitS} s.`,
      }, { status: 429, headers: { "Retry-After": String(waitS) } });
    }
    if (!isToken(services, form.get("token") ?? "")) {
      const problem = "That is not the token.";
      return page<Login>({ next, problem }, { status: 401 });
    }
    // From there it goes on, if the browser has kept the cookie.
    const query = new URLSearchParams({ "next": next, "signed-in": "" });
    return new Response(null, {
      status: 303,
      headers: {
        "Location": `/login?${query}`,
        "Set-Cookie": sessionCookie(apiToken, clock.now()),
        "Cache-Control": "no-store",
      },
    });
  },
});

export default define.page<typeof handler>(function LoginPage({ data }) {
  const { next, problem } = data;
  return (
    <main class="message">
      <Head>
        <title>Sign in · Tickhouse</title>
      </Head>
      <h1>Token needed</h1>
      <p>
        This Tickhouse asks for its API token, the one in <code>API_TOKEN</code>
        {" "}
        where it was started.
      </p>
      <form method="POST" action="/login" class="login">
        <input type="hidden" name="next" value={next} />
        <label>
          Token
          <input
            type="password"
            name="token"
            required
            autocomplete="current-password"
            aria-describedby={problem === null ? undefined : "problem"}
          />
        </label>
        <button type="submit">Sign in</button>
        {problem !== null && <p id="problem" role="alert">{problem}</p>}
      </form>
    </main>
  );
});

/** A path of this site; anything else becomes the front page. */
function localPath(text: string | null): string {
  return text !== null && /^\/(?![/\\])[\x21-\x7e]*$/.test(text) ? text : "/";
}

async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get("content-type") ?? "";
  if (!type.startsWith("application/x-www-form-urlencoded")) {
    throw new HttpError(400, "Content-Type must be that of a form");
  }
  return new URLSearchParams(await request.text());
}
