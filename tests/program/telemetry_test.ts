import assert from "node:assert/strict";
import { getJson, startProgram, until } from "../harness/program.ts";

/** What each kind of report has to hold, sooner or later: the first metrics may leave before the first request has been counted. */
const EXPECTED: Record<string, string> = {
  "/v1/logs": "",
  "/v1/metrics": "http.server.request.duration",
  "/v1/traces": "/api/instruments",
};

Deno.test("with OTEL_DENO the program tells a collector, and works as before", async () => {
  const told = new Map<string, string>();
  const collector = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const known = told.get(pathname) ?? "";
      told.set(pathname, known + await request.text());
      return Response.json({});
    },
  );
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-otel-" });
  const program = await startProgram({
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    FEEDS: "listen://127.0.0.1:0",
    SIMULATE: "off",
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_SERVICE_NAME: "tickhouse-under-test",
    OTEL_BSP_SCHEDULE_DELAY: "200",
    OTEL_BLRP_SCHEDULE_DELAY: "200",
    OTEL_METRIC_EXPORT_INTERVAL: "500",
  });
  try {
    const ready = await getJson(program, "/readyz");
    assert.equal(ready.ready, true);
    await until(
      "traces, metrics and logs",
      async () => {
        await getJson(program, "/api/instruments");
        return [...told].filter(([path, text]) => {
          return text.includes("tickhouse-under-test") &&
            text.includes(EXPECTED[path] ?? "");
        }).map(([path]) => path).sort();
      },
      (paths) => paths.length === 3,
    );
    assert.deepEqual([...told.keys()].sort(), Object.keys(EXPECTED));
    const { code, log } = await program.stop();
    assert.equal(code, 0, log);
  } finally {
    await program.kill().catch(() => {});
    await collector.shutdown();
    await Deno.remove(dataDir, { recursive: true });
  }
});
