import { actor, setup } from "rivetkit";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { adoptRegistry } from "./adopt-registry.ts";

const { host, startHost } = vi.hoisted(() => ({
  host: { use: vi.fn<(registry: unknown) => void>(), stop: vi.fn<() => Promise<void>>() },
  startHost: vi.fn<(options: unknown) => Promise<void>>(),
}));
vi.mock("./host.ts", () => ({ host: () => host }));
vi.mock("./start-host.ts", () => ({ startHost }));

beforeEach(() => vi.clearAllMocks());

const create = () => setup({ use: { one: actor({ actions: {} }) } });

describe("an adopted registry", () => {
  it("is the same object", () => {
    const registry = create();
    expect(adoptRegistry(registry)).toBe(registry);
  });

  it("has its databases set up, whoever starts its actors", () => {
    vi.stubEnv("RIVETKIT_SQLITE_OPT_VFS_STAGING_CACHE_TTL_MS", undefined);
    adoptRegistry(create());
    expect(process.env["RIVETKIT_SQLITE_OPT_VFS_STAGING_CACHE_TTL_MS"]).toBe("5000");
    vi.unstubAllEnvs();
  });

  it("starts the host with its actors and options", async () => {
    const registry = adoptRegistry(create());
    await registry.start({ defaultServerPort: 3001 });
    expect(host.use.mock.calls).toEqual([[registry]]);
    expect(startHost.mock.calls).toEqual([[{ defaultServerPort: 3001 }]]);
  });

  it.each(["startAndWait", "startEnvoy"] as const)(
    "starts the host with %s(), not an engine of its own",
    async (method) => {
      await adoptRegistry(create())[method]();
      expect(startHost).toHaveBeenCalledTimes(1);
    },
  );

  it("stops the host with shutdown()", async () => {
    await adoptRegistry(create()).shutdown();
    expect(host.stop).toHaveBeenCalledTimes(1);
  });

  it("is not adopted again", async () => {
    const registry = adoptRegistry(create());
    const { start, shutdown } = registry;
    adoptRegistry(registry);
    expect(registry).toMatchObject({ start, shutdown });
    await registry.shutdown();
    expect(host.stop).toHaveBeenCalledTimes(1);
  });
});
