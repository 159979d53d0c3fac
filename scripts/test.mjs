import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How often a test that has failed is played again. One that passes then is told as flaky. CI shares its machines; elsewhere the first failure counts. */
const retries = Number(process.env.KAWA_TEST_RETRIES ?? 0);

const reportDir = mkdtempSync(join(tmpdir(), "kawa-test-"));

const steps = [
  { script: "format:check" },
  { script: "typecheck" },
  { script: "lint" },
  { script: "knip" },
  { script: "size" },
  vitestStep("test:package"),
  vitestStep("test:unit"),
  vitestStep("test:react-server"),
  vitestStep("test:integration"),
  playwrightStep("test:e2e"),
];

function vitestStep(script) {
  const report = join(reportDir, `${script.replace(":", "-")}.json`);
  return {
    script,
    report,
    args: ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`, `--retry=${retries}`],
    count: ({ numPassedTests, numFailedTests, testResults }) => ({
      passed: numPassedTests,
      failed: numFailedTests,
      flaky: testResults
        .flatMap(({ assertionResults }) => assertionResults)
        .filter(({ status, failureMessages }) => status === "passed" && failureMessages?.length > 0)
        .map(({ fullName }) => fullName),
    }),
  };
}

function playwrightStep(script) {
  const report = join(reportDir, "e2e.json");
  return {
    script,
    report,
    args: ["--reporter=list,json", `--retries=${retries}`],
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: report },
    count: ({ stats, suites }) => ({
      passed: stats.expected + stats.flaky,
      failed: stats.unexpected,
      flaky: specsIn(suites)
        .filter(({ tests }) => tests.some(({ status }) => status === "flaky"))
        .map(({ file, title }) => `${file}: ${title}`),
    }),
  };
}

function specsIn(suites = []) {
  return suites.flatMap(({ specs = [], suites: below }) => [...specs, ...specsIn(below)]);
}

function run({ script, args = [], env = {} }) {
  return new Promise((resolve) => {
    const child = spawn("npm", ["run", "--silent", script, "--", ...args], {
      stdio: "inherit",
      env: { ...process.env, ...env },
      shell: process.platform === "win32",
    });
    child.on("error", (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

function readCounts({ report, count }, exitCode) {
  const none = { passed: 0, failed: 0, flaky: [] };
  let counts = none;
  try {
    if (report !== undefined) counts = count(JSON.parse(readFileSync(report, "utf8")));
  } catch {
    // The runner ended before it wrote its report; its exit code tells the rest.
  }
  // A step can fail without a failed test: a type error, a file that does not load, an unhandled rejection.
  return exitCode === 0 ? counts : { ...counts, failed: Math.max(counts.failed, 1) };
}

const total = { passed: 0, failed: 0 };
const summary = [];
const allFlaky = [];
let isFailed = false;

for (const step of steps) {
  if (isFailed) {
    summary.push(`${step.script.padEnd(18)} not run`);
    continue;
  }
  console.log(`\n> ${step.script}`);
  const startedAt = performance.now();
  const exitCode = await run(step);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const { passed, failed, flaky } = readCounts(step, exitCode);
  allFlaky.push(...flaky);
  total.passed += passed;
  total.failed += failed;
  isFailed = exitCode !== 0 || failed > 0;
  const tests = step.report === undefined ? "" : `  ${passed} passed, ${failed} failed`;
  summary.push(`${step.script.padEnd(18)} ${isFailed ? "FAILED" : "ok    "} ${seconds.padStart(7)} s${tests}`);
}

rmSync(reportDir, { recursive: true, force: true });
if (!isFailed && total.passed === 0) console.error("\nNo test ran.");
console.log(`\n${summary.join("\n")}\n`);
for (const name of allFlaky) console.log(`flaky: ${name}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = isFailed || total.passed === 0 ? 1 : 0;
