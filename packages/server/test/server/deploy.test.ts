import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { loadConfig } from "../../dist/base/config.js";
import { settings } from "../../dist/base/settings.js";

const root = join(import.meta.dirname, "../../../..");
const deployed = (name: string) => join(root, "deploy", name);
const textOf = (name: string) => readFileSync(deployed(name), "utf8");

/** A tool of the Python environment of the tests. */
function pythonTool(name: string): { readonly path: string; readonly skip: string | false } {
  const python = process.env.VOXPOOL_TEST_PYTHON;
  const path = python === undefined ? "" : join(dirname(python), name);
  return { path, skip: existsSync(path) ? false : `needs ${name} beside VOXPOOL_TEST_PYTHON` };
}

/** Settings that a file hands over as variables. */
function variablesIn(name: string): Record<string, string> {
  return Object.fromEntries(
    Array.from(textOf(name).matchAll(/\b(VOXPOOL_\w+)=([^\s\\]+)/g), ([, key, value]) => [key, value]),
  );
}

suite("what is deployed", () => {
  for (const name of ["Dockerfile", "systemd/voxpool.service"]) {
    test(`${name} names settings that there are, with values that they take`, () => {
      const env = variablesIn(name);
      assert.ok(env.VOXPOOL_STATE_DIR === "/var/lib/voxpool");
      delete env.VOXPOOL_CONFIG; // of a comment
      const { config } = loadConfig({ env, flags: {}, cwd: join(root, "deploy") });
      assert.equal(config["log.format"], "json");
    });
  }

  test("who stops the server waits longer than the server does", () => {
    const grace = settings["stop.grace_seconds"].default;
    const unit = Number(/^TimeoutStopSec=(\d+)$/m.exec(textOf("systemd/voxpool.service"))?.[1]);
    const compose = parse(textOf("compose.yaml")) as { services: { voxpool: { stop_grace_period: string } } };
    const pod = Number(/terminationGracePeriodSeconds: (\d+)/.exec(textOf("kubernetes/voxpool.yaml"))?.[1]);
    const pause = Number(/command: \["sleep", "(\d+)"\]/.exec(textOf("kubernetes/voxpool.yaml"))?.[1]);
    assert.ok(unit > grace + 5, "systemd");
    assert.ok(Number.parseInt(compose.services.voxpool.stop_grace_period, 10) > grace + 5, "compose");
    assert.ok(pod > pause + grace + 5, "Kubernetes");
  });

  test("the files that compose.yaml mounts are there, and the alerts are those that Prometheus reads", () => {
    const { services } = parse(textOf("compose.yaml")) as { services: Record<string, { volumes: string[] }> };
    const mounted = Object.values(services).flatMap(({ volumes }) => volumes.filter((one) => one.startsWith("./")));
    assert.equal(mounted.length, 4);
    for (const one of mounted) assert.ok(existsSync(deployed(one.split(":")[0] ?? "")), one);
    const { rule_files: rules } = parse(textOf("prometheus/prometheus.yaml")) as { rule_files: string[] };
    for (const rule of rules) assert.ok(existsSync(deployed(`prometheus/${rule}`)), rule);
  });

  const noSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0 ? false : "needs systemd-analyze";
  test("the unit is one that systemd takes, and it is hardened", { skip: noSystemd }, () => {
    const unit = deployed("systemd/voxpool.service");
    // A machine without this Node or its `kill` is no fault of the unit.
    const { stderr } = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
    const faults = stderr
      .split("\n")
      .filter((line) => line.includes("voxpool.service") && !line.includes("is not executable"));
    assert.deepEqual(faults, []);
    // Of 100, the less the better; without any of it a unit has 96.
    execFileSync("systemd-analyze", ["security", "--offline=true", "--threshold=20", unit], { stdio: "pipe" });
  });

  const hadolint = pythonTool("hadolint");
  test("hadolint finds nothing in the Dockerfile", { skip: hadolint.skip }, () => {
    execFileSync(hadolint.path, [deployed("Dockerfile")], { stdio: "pipe" });
    const bad = spawnSync(hadolint.path, ["-"], { input: "FROM debian\nRUN cd /tmp && apt-get install x\n" });
    assert.equal(bad.status, 1); // it does find something where there is something
  });

  const kubernetes = pythonTool("kubernetes-validate");
  test("the manifests fit the schemas of Kubernetes", { skip: kubernetes.skip }, () => {
    execFileSync(kubernetes.path, ["--strict", deployed("kubernetes/voxpool.yaml")], { stdio: "pipe" });
  });

  const python = pythonTool("python");
  const hasComposeSpec = python.skip === false && spawnSync(python.path, ["-c", "import compose_spec"]).status === 0;
  const noComposeSpec = python.skip || (hasComposeSpec ? false : "needs compose-spec for Python");
  test("compose.yaml fits the Compose specification", { skip: noComposeSpec }, () => {
    const script =
      "import sys, yaml, compose_spec\ncompose_spec.ComposeSpecification.model_validate(yaml.safe_load(open(sys.argv[1])))";
    execFileSync(python.path, ["-c", script, deployed("compose.yaml")], { stdio: "pipe" });
  });

  test("the manifests restrict what a pod may do", () => {
    const documents = parseAllDocuments(textOf("kubernetes/voxpool.yaml")).map((one) => one.toJS() as { kind: string });
    assert.deepEqual(
      documents.map(({ kind }) => kind),
      ["PersistentVolumeClaim", "PersistentVolumeClaim", "Service", "Deployment"],
    );
    assert.partialDeepStrictEqual(documents[3], {
      spec: {
        replicas: 1,
        strategy: { type: "Recreate" },
        template: {
          spec: {
            automountServiceAccountToken: false,
            securityContext: { runAsNonRoot: true },
            containers: [{ securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true } }],
          },
        },
      },
    });
  });
});
