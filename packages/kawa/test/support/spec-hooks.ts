import { createReactiveStateActor } from "../../src/rivetkit/index.ts";

// The four examples of the documentation, word for word.

export const basicActor = createReactiveStateActor({
  // Run before ANY action
  beforeAction: async (c, params, next) => {
    // You control how to check permissions
    // (e.g., check params, actor input, actor state, etc.)
    if (!params.userId) {
      throw new Error("Authentication required");
    }

    // Call the original action
    return await next(params);
  },
});

export const namespaceActor = createReactiveStateActor({
  setSignal: async (c, params, next) => {
    // Only allow setting signals in user's namespace
    const userId = params.userId; // However you pass user info

    if (!params.key.startsWith(`user:${userId}:`)) {
      throw new Error("Can only set signals in your own namespace");
    }

    return await next(params);
  },

  getAllSignals: async (c, params, next) => {
    const userId = params.userId;
    const result = await next(params);

    // Filter to only return user's signals
    const filtered = Object.keys(result.signals)
      .filter((key) => key.startsWith(`user:${userId}:`))
      .reduce(
        (acc, key) => {
          acc[key] = result.signals[key];
          return acc;
        },
        // oxlint-disable-next-line typescript/no-explicit-any
        {} as Record<string, any>,
      );

    return { signals: filtered };
  },
});

const rateLimiter = new Map<string, number[]>();

export const rateLimitedActor = createReactiveStateActor({
  setSignal: async (c, params, next) => {
    const userId = params.userId || "anonymous";
    const now = Date.now();
    const windowMs = 60000; // 1 minute
    const maxCalls = 100;

    const calls = rateLimiter.get(userId) || [];
    const recentCalls = calls.filter((time) => now - time < windowMs);

    if (recentCalls.length >= maxCalls) {
      throw new Error("Rate limit exceeded");
    }

    recentCalls.push(now);
    rateLimiter.set(userId, recentCalls);

    return await next(params);
  },
});

export const auditedActor = createReactiveStateActor({
  beforeAction: async (c, params, next) => {
    const startTime = Date.now();
    const userId = params.userId;

    try {
      const result = await next(params);

      console.log({
        timestamp: new Date().toISOString(),
        userId,
        success: true,
        duration: Date.now() - startTime,
      });

      return result;
    } catch (error) {
      console.error({
        timestamp: new Date().toISOString(),
        userId,
        success: false,
        // @ts-expect-error: the documentation does not tell the type.
        error: error.message,
        duration: Date.now() - startTime,
      });

      throw error;
    }
  },
});
