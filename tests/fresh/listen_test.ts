import assert from "node:assert/strict";
import { App } from "fresh";

Deno.test("listen() serves events as they come and tells of a reader that left", async () => {
  const stop = new AbortController();
  const { promise: cancelled, resolve: onCancel } = Promise.withResolvers<
    void
  >();
  const port = await new Promise<number>((resolve) => {
    const app = new App().get("/events", () => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode("data: 1\n\n"));
        },
        cancel: () => onCancel(),
      });
      const headers = { "Content-Type": "text/event-stream" };
      return new Response(body, { headers });
    });
    app.listen({
      hostname: "127.0.0.1",
      port: 0,
      signal: stop.signal,
      onListen: (address) => resolve(address.port),
    });
  });
  const url = `http://127.0.0.1:${port}/events`;
  const response = await fetch(url);
  assert.equal(response.headers.get("Content-Type"), "text/event-stream");
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "data: 1\n\n");
  await reader.cancel();
  await cancelled;
  stop.abort();
});
