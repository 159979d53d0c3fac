import { isKawaError } from "../../../src/index.ts";

export type Operation = (...args: never[]) => unknown;
export type Request = { id: number; name: string; args: unknown[] };
export type Reply = { id: number; value?: unknown; error?: { message: string; code: string | undefined } };

/** Does what the test asks this process for over its IPC channel, which keeps the process alive. */
export function serveOperations(operations: Record<string, Operation>): void {
  process.on("message", async ({ id, name, args }: Request) => {
    const reply: Reply = { id };
    try {
      reply.value = await (operations[name] as (...args: unknown[]) => unknown)(...args);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      reply.error = { message, code: isKawaError(error) ? error.code : undefined };
    }
    process.send?.(reply);
  });
}
