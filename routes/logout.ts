import { define } from "../web/define.ts";
import { endedCookie } from "../web/sign_in.ts";

/** Makes the browser forget its sign-in. */
export const handler = define.handlers({
  POST() {
    return new Response(null, {
      status: 303,
      headers: { "Location": "/login", "Set-Cookie": endedCookie() },
    });
  },
});
