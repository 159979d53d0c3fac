import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { type AnyRegistry, host } from "./host.ts";

const { engine, engines, runners, given } = vi.hoisted(() => ({
  engine: { endpoint: "http://test", namespace: "kawa-name", adminToken: "token", isOwn: true, journals: undefined },
  engines: [] as { stop(): Promise<void> }[],
  runners: [] as { readonly use: object; shutdown(): Promise<void> }[],
  given: {
    onReturn: (_isRunnerLost: boolean): void => {},
    engine: async (): Promise<void> => {},
    engineEnd: async (): Promise<void> => {},
    runner: async (): Promise<void> => {},
    prepare: async (..._args: unknown[]): Promise<void> => {},
    tuning: undefined as Error | undefined,
  },
}));

vi.mock("../engine/folder.ts", () => ({ EngineFolder: { open: () => ({}) } }));
vi.mock("../engine/ensure-secret.ts", () => ({ shareSecretOf: () => {} }));
vi.mock("../engine/remote-engine.ts", () => ({ prepareEngine: (...args: unknown[]) => given.prepare(...args) }));
vi.mock("../engine/engine-thresholds.ts", () => ({ tuningProblem: async () => given.tuning }));
vi.mock("./quiet-rivetkit.ts", () => ({ quietRivetKit: () => {} }));
vi.mock("../engine/embedded-engine.ts", () => ({
  EmbeddedEngine: {
    start: async ({ onReturn }: { onReturn: (isRunnerLost: boolean) => void }) => {
      given.onReturn = onReturn;
      await given.engine();
      const started = { ...engine, stop: vi.fn<() => Promise<void>>(given.engineEnd) };
      engines.push(started);
      return started;
    },
  },
}));
vi.mock("rivetkit", () => ({
  actor: (config: object) => ({ config }),
  setup: ({ use }: { use: object }) => {
    const runner = { use, startAndWait: given.runner, shutdown: vi.fn<() => Promise<void>>(async () => {}) };
    runners.push(runner);
    return runner;
  },
}));

const target = { endpoint: "http://test", namespace: "kawa-name", token: "token", pool: "default" };
const registryOf = (...names: string[]): AnyRegistry =>
  ({ config: { use: Object.fromEntries(names.map((name) => [name, { config: { actions: {} } }])) } }) as never;
const waitFor = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 15_000 });
const hosted = (): string[][] => runners.map(({ use }) => Object.keys(use));
const fail = async (): Promise<void> => {
  throw new Error("not yet");
};

beforeEach(() => {
  Reflect.deleteProperty(globalThis, Symbol.for("kawa.host"));
  engines.length = runners.length = 0;
  given.engine = given.engineEnd = given.runner = given.prepare = async () => {};
  given.tuning = undefined;
  for (const name of ["RIVET_ENDPOINT", "KAWA_HOSTING", "VERCEL"]) vi.stubEnv(name, undefined);
  host().use(registryOf("one"));
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("a host that is stopped", () => {
  it("starts engine and actors once for all who ask", async () => {
    expect(await Promise.all([host().start(), host().start()])).toEqual([target, target]);
    expect(await host().start()).toEqual(target);
    expect([engines.length, hosted()]).toEqual([1, [["one"]]]);
  });

  it("closes its backends when it is stopped again", async () => {
    const close = vi.fn<() => Promise<void>>(async () => {});
    host().attach({ close } as never);
    await host().stop();
    expect(close).toHaveBeenCalledTimes(1);
  });
});

describe("a host that starts", () => {
  it("has failed when the engine does not start, and tries again", async () => {
    given.engine = fail;
    await expect(host().start()).rejects.toThrow("not yet");
    given.engine = async () => {};
    expect(await host().start()).toEqual(target);
  });

  it("has failed when the actors do not, keeps the engine, and tries again", async () => {
    given.runner = fail;
    expect(await codeOf(() => host().start())).toBe("BACKEND_UNAVAILABLE");
    given.runner = async () => {};
    expect(await host().start()).toEqual(target);
    expect([engines.length, runners.length]).toEqual([1, 2]);
  });

  it("hosts actors that come meanwhile", async () => {
    const started = Promise.withResolvers<void>();
    given.runner = () => started.promise;
    const starting = host().start();
    await waitFor(() => expect(runners).toHaveLength(1));
    given.runner = async () => {};
    host().use(registryOf("two"));
    started.resolve();
    await starting;
    await waitFor(() => expect(hosted()).toEqual([["one"], ["one", "two"]]));
  });

  it("stops when it has started, without its actors", async () => {
    const started = Promise.withResolvers<void>();
    given.engine = () => started.promise;
    const starting = host().start();
    const stopping = host().stop();
    started.resolve();
    expect(await starting).toEqual(target);
    await stopping;
    expect(runners).toEqual([]);
    expect(engines[0]!.stop).toHaveBeenCalledTimes(1);
  });
});

describe("a host that has failed", () => {
  it("hosts the actors after the next edit", async () => {
    given.runner = fail;
    await host()
      .start()
      .catch(() => {});
    given.runner = async () => {};
    host().use(registryOf("one"));
    await waitFor(() => expect(runners).toHaveLength(2));
  });

  it("stops the engine that it has started", async () => {
    given.runner = fail;
    await host()
      .start()
      .catch(() => {});
    await host().stop();
    expect(engines[0]!.stop).toHaveBeenCalledTimes(1);
  });
});

describe("a host that runs", () => {
  beforeEach(async () => void (await host().start()));

  it("needs no other runner for actors that it has", async () => {
    host().use(registryOf("one"));
    await new Promise(setImmediate);
    expect(hosted()).toEqual([["one"]]);
  });

  it("hosts new actors with another runner, and tells how to have them from the start", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    host().use(registryOf("two"));
    await waitFor(() => expect(hosted()).toEqual([["one"], ["one", "two"]]));
    expect(runners[0]!.shutdown).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/"two" were added .* in instrumentation\.ts/s)]]);
  });

  it("tells nothing of actors that an edit adds", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    vi.stubEnv("NODE_ENV", "development");
    host().use(registryOf("two"));
    await waitFor(() => expect(runners).toHaveLength(2));
    expect(warn).not.toHaveBeenCalled();
  });

  it("keeps its runner when the engine returns, for it may be starting actors there", async () => {
    given.onReturn(false);
    await new Promise(setImmediate);
    expect(hosted()).toEqual([["one"]]);
    expect(runners[0]!.shutdown).not.toHaveBeenCalled();
  });

  it("replaces its runner when that does not reach the engine that returns", async () => {
    given.onReturn(true);
    await waitFor(() => expect(hosted()).toEqual([["one"], ["one"]]));
    expect(runners[0]!.shutdown).toHaveBeenCalledTimes(1);
  });

  it("stops the runner, then the engine, once for all who ask", async () => {
    given.engineEnd = async () => expect(runners[0]!.shutdown).toHaveBeenCalledTimes(1);
    await Promise.all([host().stop(), host().stop()]);
    expect(engines[0]!.stop).toHaveBeenCalledTimes(1);
  });

  it("starts anew after it was stopped", async () => {
    await host().stop();
    expect(await host().start()).toEqual(target);
    expect([engines.length, runners.length]).toEqual([2, 2]);
  });
});

describe("a host that is being stopped", () => {
  it("leads those who ask to what still runs, and hosts nothing new", async () => {
    await host().start();
    const stopping = host().stop();
    host().use(registryOf("two"));
    expect(await host().start()).toEqual(target);
    await stopping;
    expect([engines.length, hosted()]).toEqual([1, [["one"]]]);
  });

  it("starts afterwards where nothing had been started", async () => {
    const stopping = host().stop();
    expect(await host().start()).toEqual(target);
    await stopping;
    expect([engines.length, hosted()]).toEqual([1, [["one"]]]);
    expect(engines[0]!.stop).not.toHaveBeenCalled();
  });

  it("is stopped also when something does not end well", async () => {
    given.engineEnd = fail;
    await host().start();
    await expect(host().stop()).rejects.toThrow("not yet");
    expect(await host().start()).toEqual(target);
    expect(engines).toHaveLength(2);
  });
});

describe("a host whose engine runs elsewhere", () => {
  const elsewhere = { endpoint: "http://engine:6420", namespace: "app", token: "t", pool: "default" };

  beforeEach(() => {
    vi.stubEnv("RIVET_ENDPOINT", "http://app:t@engine:6420");
    vi.stubEnv("KAWA_SECRET", "a secret of the servers");
    vi.stubEnv("KAWA_URL", "https://app.example/");
    given.prepare = vi.fn<(...args: unknown[]) => Promise<void>>(async () => {});
  });

  it("prepares it before it hosts actors there", async () => {
    given.prepare = async (...args) => {
      expect(args).toEqual([elsewhere, { hosting: "runner" }]);
      expect(hosted()).toEqual([]);
    };
    expect(await host().start()).toEqual(elsewhere);
    expect([engines.length, hosted()]).toEqual([0, [["one"]]]);
  });

  it.each(["none", "serverless"] as const)("hosts no actors where the app says %s", async (hosting) => {
    host().elsewhere.setHosting(hosting);
    expect(await host().start()).toEqual(elsewhere);
    expect(hosted()).toEqual([]);
    expect(given.prepare).toHaveBeenCalledExactlyOnceWith(elsewhere, expect.objectContaining({ hosting }));
  });

  it("tells the engine where it calls a serverless app, with a proof", async () => {
    host().elsewhere.setHosting("serverless");
    await host().start();
    const [, wanted] = vi.mocked(given.prepare).mock.calls[0]! as [unknown, { config: { serverless: object } }];
    expect(wanted.config.serverless).toMatchObject({
      url: "https://app.example/api/rivet",
      headers: { "x-rivet-token": "t", "x-kawa-engine": expect.any(String) },
    });
  });

  it("takes over how a registry configures the pool, and leaves it to nobody else", async () => {
    host().elsewhere.setHosting("serverless");
    const registry = registryOf("one");
    registry.config.configurePool = { url: "https://own.example/rivet", headers: { a: "b" }, requestLifespan: 60 };
    host().use(registry);
    await host().start();
    expect(registry.config.configurePool).toBeUndefined();
    expect(given.prepare).toHaveBeenCalledExactlyOnceWith(
      elsewhere,
      expect.objectContaining({
        config: expect.objectContaining({
          serverless: expect.objectContaining({
            url: "https://own.example/rivet",
            headers: expect.objectContaining({ a: "b" }),
            request_lifespan: 60,
          }),
        }),
      }),
    );
  });

  it("has failed where nothing says where a serverless app is", async () => {
    vi.stubEnv("KAWA_URL", undefined);
    host().elsewhere.setHosting("serverless");
    await expect(host().start()).rejects.toThrow("Set KAWA_URL");
  });

  it("has failed when the engine is not as it has to be, and tries again", async () => {
    given.prepare = fail;
    await expect(host().start()).rejects.toThrow("not yet");
    expect(hosted()).toEqual([]);
    given.prepare = async () => {};
    expect(await host().start()).toEqual(elsewhere);
  });

  it("says so where the engine heals slowly, and goes on", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    given.tuning = new Error("slow");
    await host().start();
    await waitFor(() => expect(warn).toHaveBeenCalledExactlyOnceWith("[kawa] slow"));
  });

  it("asks for the secret first", async () => {
    vi.stubEnv("KAWA_SECRET", undefined);
    expect(await codeOf(() => host().start())).toBe("SECRET_MISSING");
    expect(given.prepare).not.toHaveBeenCalled();
  });
});

describe("a host that hosts no actors and has no engine", () => {
  it.each([
    ["VERCEL", "1"],
    ["AWS_LAMBDA_FUNCTION_NAME", "page"],
    ["KAWA_HOSTING", "serverless"],
  ])("names the three variables of a serverless platform (%s=%s)", async (name, value) => {
    vi.stubEnv(name, value);
    const starting = host().start();
    await expect(starting).rejects.toThrow(/RIVET_ENDPOINT .* KAWA_SECRET .* KAWA_URL/);
    expect(await codeOf(() => starting)).toBe("ENGINE_ENDPOINT_MISSING");
    expect(engines).toEqual([]);
  });

  it("needs one elsewhere", async () => {
    vi.stubEnv("KAWA_HOSTING", "none");
    expect(await codeOf(() => host().start())).toBe("ENGINE_ENDPOINT_MISSING");
  });
});

describe("where the actors live", () => {
  it("is said once a process", async () => {
    host().elsewhere.setHosting("none");
    host().elsewhere.setHosting(undefined);
    host().elsewhere.setHosting("none");
    expect(host().elsewhere.hosting).toBe("none");
    expect(await codeOf(() => host().elsewhere.setHosting("runner"))).toBe("OPTION_INVALID");
  });

  it("is what the app says, whatever the environment does", () => {
    vi.stubEnv("KAWA_HOSTING", "none");
    expect(host().elsewhere.hosting).toBe("none");
    host().elsewhere.setHosting("runner");
    expect(host().elsewhere.hosting).toBe("runner");
  });
});
