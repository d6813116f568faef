/** What deploy/ starts is what the program knows. */
import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { isOpenPath } from "../web/sign_in.ts";
import { parseConfig, settings } from "../pipeline/config.ts";

const read = (name: string) =>
  Deno.readTextFile(new URL(`../${name}`, import.meta.url));

// Kubernetes' own schemas are not here: what is read below is what is checked.
// deno-lint-ignore no-explicit-any
type Manifest = any;

const MANIFESTS = "deploy/kubernetes/tickhouse.yaml";
const text = await read(MANIFESTS);
const documents = parseAllDocuments(text);
const manifests: readonly Manifest[] = documents.map((one) => one.toJS());
const ofKind = (kind: string) => manifests.filter((one) => one.kind === kind);
const workloads = [...ofKind("StatefulSet"), ...ofKind("Deployment")];
const known = new Set(settings.map(({ key }) => key));
/** Pods are named after their workload: of a Deployment with two hashes. */
const POD_NAME = { StatefulSet: "-100", Deployment: "-6d4cf56db6-abcde" };

/** What its head says to make the secret with. */
const secret = Object.fromEntries(
  [...text.matchAll(/--from-literal=([A-Z_]+)='?([^'\s]+)/g)].map((
    [, key, value],
  ) => [key, value.replaceAll("…", "0123456789abcdef")]),
);

/** The settings of a workload's first pod. */
function environmentOf(workload: Manifest): Record<string, string> {
  const [container] = workload.spec.template.spec.containers;
  const config = ofKind("ConfigMap").find(({ metadata }) =>
    metadata.name === container.envFrom[0].configMapRef.name
  );
  const own = container.env.map((
    { name, value, valueFrom }: Manifest,
  ): [string, string] => {
    if (value !== undefined) return [name, value];
    assert.equal(valueFrom.fieldRef.fieldPath, "metadata.name");
    const kind = workload.kind as keyof typeof POD_NAME;
    return [name, workload.metadata.name + POD_NAME[kind]];
  });
  return { ...config.data, ...secret, ...Object.fromEntries(own) };
}

Deno.test("every Kubernetes manifest is YAML without a mistake", () => {
  for (const { errors, warnings } of documents) {
    assert.deepEqual([...errors, ...warnings], []);
  }
  for (const { apiVersion, kind, metadata } of manifests) {
    assert.ok(apiVersion && kind && metadata.name, JSON.stringify(metadata));
    assert.equal(metadata.namespace, "tickhouse");
  }
});

Deno.test("pods have settings that the program takes, and all roles among them", () => {
  const roles = new Set<string>();
  for (const workload of workloads) {
    const environment = environmentOf(workload);
    for (const key of Object.keys(environment)) assert.ok(known.has(key), key);
    for (const value of Object.values(environment)) {
      assert.equal(typeof value, "string", "quoted, as Kubernetes asks");
    }
    const config = parseConfig(environment);
    assert.equal(config.simulate, false);
    assert.ok(config.redisUrl && config.databaseUrl && config.apiToken);
    for (const role of config.roles) roles.add(role);
  }
  assert.deepEqual([...roles].sort(), ["aggregate", "feed", "forecast", "web"]);
});

Deno.test("probes ask ports and paths that answer without a token", () => {
  for (const workload of workloads) {
    const [container] = workload.spec.template.spec.containers;
    const config = parseConfig(environmentOf(workload));
    assert.ok(config.roles.has("web"), "what answers probes");
    const ports = new Map<string, number>(
      container.ports.map(({ name, containerPort }: Manifest) => [
        name,
        containerPort,
      ]),
    );
    assert.equal(ports.get("http"), config.httpPort);
    if (config.roles.has("feed")) {
      assert.equal(ports.get("feeds"), config.feeds[0].port);
    }
    for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"]) {
      const { path, port } = container[probe].httpGet;
      assert.ok(isOpenPath(path), path);
      assert.ok(ports.has(port), port);
    }
    // A store that is down is no reason to restart the program.
    assert.equal(container.livenessProbe.httpGet.path, "/livez");
    assert.equal(container.readinessProbe.httpGet.path, "/readyz");
    const { terminationGracePeriodSeconds } = workload.spec.template.spec;
    assert.ok(terminationGracePeriodSeconds > 10, "it drains for up to 10 s");
  }
});

Deno.test("services, budgets and scalers lead to pods that are there", () => {
  const labels = workloads.map(({ spec }) => spec.template.metadata.labels);
  const isThere = (wanted: Readonly<Record<string, string>>) =>
    labels.some((has) =>
      Object.entries(wanted).every(([key, value]) => has[key] === value)
    );
  for (const { spec } of workloads) {
    assert.deepEqual(spec.selector.matchLabels, spec.template.metadata.labels);
  }
  for (const { spec } of ofKind("Service")) assert.ok(isThere(spec.selector));
  const budgets = ofKind("PodDisruptionBudget");
  for (const { spec } of budgets) {
    assert.ok(isThere(spec.selector.matchLabels));
    assert.equal(spec.maxUnavailable, 1);
  }
  assert.equal(budgets.length, workloads.length);
  for (const { spec } of ofKind("HorizontalPodAutoscaler")) {
    const { kind, name } = spec.scaleTargetRef;
    const target = workloads.find((one) =>
      one.kind === kind && one.metadata.name === name
    );
    assert.ok(target, `${kind} ${name}`);
    assert.equal(target.spec.replicas, undefined, "the scaler decides");
    assert.ok(spec.minReplicas >= 2);
    const config = parseConfig(environmentOf(target));
    if (config.roles.has("aggregate")) {
      assert.ok(spec.maxReplicas <= config.partitions, "each has a partition");
    }
  }
});

Deno.test("candles are scaled by a lag that /metrics has", async () => {
  const scaler = ofKind("HorizontalPodAutoscaler").find(({ metadata }) =>
    metadata.name === "stages"
  );
  const { name } = scaler.spec.metrics[0].external.metric;
  const source = await read("web/metrics.ts");
  assert.ok(source.includes(`"${name.replace("tickhouse_", "")}"`), name);
});

Deno.test("pods run as the image's user, who is not root", async () => {
  const [, uid] = /^USER (\d+)$/m.exec(await read("Dockerfile"))!;
  for (const { spec } of workloads) {
    const { runAsNonRoot, runAsUser } = spec.template.spec.securityContext;
    assert.deepEqual([runAsNonRoot, runAsUser], [true, Number(uid)]);
  }
});

for (const unit of ["tickhouse.service", "tickhouse@.service"]) {
  Deno.test(`${unit} starts what the README says, with settings that are known`, async () => {
    const lines = (await read(`deploy/systemd/${unit}`)).split("\n");
    const values = (key: string) =>
      lines.filter((line) => line.startsWith(`${key}=`))
        .map((line) => line.slice(key.length + 1));
    for (const line of lines) {
      assert.match(line, /^(\[\w+\]|[A-Z]\w+=.*|#.*|)$/, line);
    }
    const [command] = values("ExecStart");
    assert.equal(command, "/usr/bin/deno task start");
    assert.ok((await read("README.md")).includes("deno task start"));
    assert.ok(Number(values("TimeoutStopSec")[0]) > 10, "it drains for 10 s");
    const set = values("Environment").flatMap((line) => line.split(" "))
      .map((pair) => pair.split("=")[0]);
    for (const key of set) assert.ok(known.has(key) || key === "DENO_DIR", key);
    assert.ok(set.includes("DATA_DIR"));
    const docs = await read("docs/servers.md");
    assert.ok(docs.includes(`deploy/systemd/${unit}`), "docs lead to it");
  });
}
