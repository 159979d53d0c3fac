import { initReactiveBackend, reactiveRegistry } from "kawa/rivetkit";

// Initialize once at server startup
initReactiveBackend({ registry: reactiveRegistry });

// Start the RivetKit server
reactiveRegistry.start({ defaultServerPort: Number(process.env["PORT"]) });
