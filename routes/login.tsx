import { HttpError, page } from "fresh";
import { define } from "../web/define.ts";
import { cookieValue, sameText, TOKEN_COOKIE } from "../web/require_token.ts";

interface Login {
  readonly next: string;
  readonly wrong: boolean;
}

/** Asks for the API's token and keeps proof of it in a cookie. */
export const handler = define.handlers({
  GET(ctx) {
    if (ctx.state.services.apiToken === null) return ctx.redirect("/", 303);
    const next = localPath(ctx.url.searchParams.get("next"));
    return page<Login>({ next, wrong: false });
  },
  async POST(ctx) {
    const token = ctx.state.services.apiToken;
    if (token === null) return ctx.redirect("/", 303);
    const form = await readForm(ctx.req);
    const next = localPath(form.get("next"));
    if (!sameText(form.get("token") ?? "", token)) {
      return page<Login>({ next, wrong: true }, { status: 401 });
    }
    const secure = ctx.url.protocol === "https:" ? "; Secure" : "";
    return new Response(null, {
      status: 303,
      headers: {
        "Location": next,
        "Set-Cookie": `${TOKEN_COOKIE}=${cookieValue(token)}; Path=/; ` +
          `HttpOnly; SameSite=Strict; Max-Age=2592000${secure}`,
      },
    });
  },
});

export default define.page<typeof handler>(function LoginPage({ data }) {
  return (
    <main class="message">
      <h1>Token needed</h1>
      <p>
        This Tickhouse asks for its API token, the one in <code>API_TOKEN</code>
        {" "}
        where it was started.
      </p>
      <form method="POST" action="/login" class="login">
        <input type="hidden" name="next" value={data.next} />
        <label>
          Token
          <input
            type="password"
            name="token"
            required
            autocomplete="current-password"
            aria-describedby={data.wrong ? "wrong" : undefined}
          />
        </label>
        <button type="submit">Open</button>
        {data.wrong && <p id="wrong" role="alert">That is not the token.</p>}
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
