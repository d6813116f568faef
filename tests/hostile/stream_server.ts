/**
 * Streams of made-up data on all addresses, for a test on a host of its own.
 * Prints `{"port":…}`, and then how many streams are open, at each change.
 */
import { createApp } from "../../web/create_app.ts";
import { serveHttp } from "../../web/serve_http.ts";
import { STREAM_LIMITS } from "../../web/services.ts";
import { openStreams } from "../../web/stream_response.ts";
import { fakeServices } from "../web/fake_services.ts";

const say = (told: unknown) => console.log(JSON.stringify(told));

const services = await fakeServices({
  streamLimits: { ...STREAM_LIMITS, heartbeatMs: 500 },
});
const app = createApp(() => services).handler();
const { url } = await serveHttp(app, { host: "0.0.0.0", port: 0 });
say({ port: Number(new URL(url).port) });

let open = 0;
setInterval(() => {
  if (open === openStreams()) return;
  open = openStreams();
  say({ open });
}, 50);
