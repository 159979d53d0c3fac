import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ComponentType, ReactElement, ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../src/core/backend/backend.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import { processState } from "../../src/core/process/process-state.ts";
import { computed, namespace, type Readable, useReactive } from "../../src/index.react-server.ts";
import { requestScope } from "../../src/react/render/request-scope.ts";
import { outputsOf, renderServer } from "./flight.ts";

vi.mock("next/server", () => ({ connection: async () => {}, after: () => {} }));
vi.mock("next/headers", () => ({ headers: async () => new Headers({ accept: "text/html" }) }));

type Read = {
  readonly use: typeof useReactive;
  readonly of: Readable<unknown>;
  readonly show: (value: unknown) => ReactElement;
};

/** Components as they run after a build: what a test runs is not what is in its file. */
const source = `
exports.Plain = function Plain({ use, of, show }) { return show(use(of)); };
exports.Declared = async function Declared({ use, of, show }) { return show(use(of)); };
exports.Arrow = async({ use, of, show })=>show(use(of));
exports.Method = { async Method({ use, of, show }) { return show(use(of)); } }.Method;
async function helper(use, of) { return use(of); }
exports.Helped = function Helped({ use, of, show }) { return helper(use, of).then(show); };
exports.Nested = async ({ use, of, show }) => { const own = () => use(of); return show(own()); };
`;

let folder: string;
let modules: Record<string, ComponentType<Read>>;
let count = 0;
let backend: Backend;
let logged: unknown[][];

beforeEach(() => {
  count += 1;
  vi.stubEnv("NODE_ENV", "production");
  // As in a new process, which looks at each hook until it finds nobody new.
  Object.assign(
    processState<object>("async-callers", () => ({})),
    { left: 1, gap: 1 },
  );
  folder = mkdtempSync(join(tmpdir(), "kawa-callers-"));
  writeFileSync(join(folder, "components.cjs"), source);
  modules = createRequire(import.meta.url)(join(folder, "components.cjs")) as typeof modules;
  backend = createMemoryBackend(`callers-${count}`);
  registerBackend(backend, { global: true });
  logged = [];
  vi.spyOn(console, "error").mockImplementation((...said) => void logged.push(said));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  unregisterBackend(backend);
  rmSync(folder, { recursive: true });
});

async function Dynamic({ children }: { children: ReactNode }): Promise<ReactNode> {
  await requestScope().markDynamic();
  return children;
}

function show(value: unknown): ReactElement {
  return <output>{String(value)}</output>;
}

async function shown(name: string, of: Readable<unknown>): Promise<string[]> {
  const Component = modules[name]!;
  const flight = await renderServer(
    <Dynamic>
      <Component use={useReactive} of={of} show={show} />
    </Dynamic>,
  );
  expect(flight.errors).toEqual([]);
  return outputsOf(flight);
}

const app = namespace("callers");
const sources: Record<string, (name: string) => Readable<unknown>> = {
  "a signal": (name) => app.signal(name, 7),
  "a computed": (name) => {
    const inner = app.signal(name, 6);
    return computed(() => inner.value + 1);
  },
};

for (const [kind, sourceOf] of Object.entries(sources)) {
  it.each(["Declared", "Arrow", "Method", "Helped", "Nested"])(
    `an async function (%s) that reads ${kind} after a component is told once`,
    async (name) => {
      const of = sourceOf(`${name}-${count}`);
      // A component reads it first: from then on nobody waits for it.
      await shown("Plain", of);
      await vi.waitFor(
        async () => {
          expect(await shown(name, of)).toEqual(["7"]);
          expect(logged).toHaveLength(1);
        },
        { timeout: 25_000, interval: 1 },
      );
      const [[, error]] = logged as [[string, Error & { code: string }]];
      expect(error.code).toBe("CONTEXT_UNSUPPORTED");
      expect(error.stack?.split("\n").find((line) => line.trim().startsWith("at "))).toContain("components.cjs");
      for (let time = 0; time < 20; time += 1) await shown(name, of);
      expect(logged).toHaveLength(1);
    },
  );
}

it("says nothing of components that are no async functions", async () => {
  const of = app.signal(`plain-${count}`, 7);
  for (let time = 0; time < 100; time += 1) await shown("Plain", of);
  // Whoever is looked at is looked up in a file.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(logged).toEqual([]);
});
