import { initReactiveBackend, reactiveRegistry } from "kawa/rivetkit";

// Global default backend
initReactiveBackend({ registry: reactiveRegistry });

// Isolated backend for user data
const userBackend = initReactiveBackend({
  registry: reactiveRegistry,
  actorId: "users",
  global: false,
});

// Isolated backend for analytics
const analyticsBackend = initReactiveBackend({
  registry: reactiveRegistry,
  actorId: "analytics",
  global: false,
});

export { userBackend, analyticsBackend };
