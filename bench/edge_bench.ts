/**
 * The first answer of the pages under `deno serve`, from the start of a process
 * that has nothing in memory: a list of instruments and a page, from a
 * PostgreSQL and a Redis on the same machine. Medians of some rounds in one run.
 *
 * `deno run … bench/edge_bench.ts [rounds]`.
 */
import { buildEdge, startEdge } from "../tests/harness/edge.ts";
import { startProgram } from "../tests/harness/program.ts";
import { startPostgres } from "../tests/harness/servers/postgres_server.ts";
import { startRedis } from "../tests/harness/servers/redis_server.ts";

const ROUNDS = Number(Deno.args[0] ?? 7);

await buildEdge();
const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
const figures = {
  first_answer_ms: [] as number[],
  first_page_ms: [] as number[],
  next_page_ms: [] as number[],
};
try {
  const env = {
    REDIS_URL: redis.url,
    DATABASE_URL: await postgres.createDatabase(),
    HTTP_HOST: "127.0.0.1",
  };
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-edge-" });
  const program = await startProgram({
    ...env,
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    FEEDS: "listen://127.0.0.1:0",
  });
  await program.stop(); // it has made the schema
  await Deno.remove(dataDir, { recursive: true });
  await (await startEdge(env)).stop(); // the engine keeps what it compiled
  for (let round = 0; round < ROUNDS; round++) {
    const edge = await startEdge(env);
    const page = async () => {
      const from = performance.now();
      await (await fetch(`${edge.http}/`)).text();
      return performance.now() - from;
    };
    figures.first_answer_ms.push(edge.coldMs);
    figures.first_page_ms.push(await page());
    figures.next_page_ms.push(await page());
    await edge.stop();
  }
} finally {
  await postgres.close();
  await redis.close();
}

console.log(JSON.stringify({
  bench: "edge",
  rounds: ROUNDS,
  figures: Object.fromEntries(
    Object.entries(figures).map(([name, values]) => [name, summary(values)]),
  ),
  deno: Deno.version.deno,
  cores: navigator.hardwareConcurrency,
  date: new Date().toISOString().slice(0, 10),
}));

function summary(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b).map((ms) => Math.round(ms));
  return {
    median: sorted[sorted.length >> 1],
    min: sorted[0],
    max: sorted.at(-1),
  };
}
