import { row, type Result } from "./report.ts";
import { withWorkers } from "./worker-process.ts";

const tenantCount = 10_000;
const readCount = 20;
const goals = { registerMs: 1_000, kilobytes: 12 };
const kilobyte = 1_000;

/** A process that has a backend for each of ten thousand customers, few of whom are there. */
export async function measureTenants(): Promise<Result> {
  return withWorkers(async ({ start }) => {
    const server = await start({ nodeArguments: ["--expose-gc"] });
    // Starts what the first backend starts.
    await server.call("readTenant", "first");
    const before = await server.call("memory");
    const registerMs = await server.call("registerTenants", tenantCount);
    const after = await server.call("memory");
    const readMs: number[] = [];
    for (let tenant = 0; tenant < readCount; tenant += 1) readMs.push(await server.call("readTenant", String(tenant)));
    const memory = row("memory of a backend that nobody uses", "KB", [
      (after.heap - before.heap) / tenantCount / kilobyte,
    ]);
    return {
      rows: [
        row(`making ${tenantCount} backends`, "ms", [registerMs]),
        memory,
        row("first read of one of them, which starts its actor", "ms", readMs),
      ],
      verdicts: [
        {
          name: `making ${tenantCount} backends`,
          value: registerMs,
          unit: "ms",
          goal: { atMost: goals.registerMs },
        },
        {
          name: "memory of a backend that nobody uses",
          value: memory.stats.p50,
          unit: "KB",
          goal: { atMost: goals.kilobytes },
        },
        {
          name: "actors that have started",
          value: await server.call("actorCount"),
          unit: "actors",
          goal: { atMost: readCount + 1 },
        },
      ],
    };
  });
}
