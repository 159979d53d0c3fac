import { initReactiveBackend } from "../rivetkit/init-reactive-backend.ts";
import { isReactiveBackendInitialized } from "../rivetkit/is-reactive-backend-initialized.ts";
import { reactiveRegistry } from "../rivetkit/reactive-registry.ts";

// `withKawa` puts the module of the app that calls `initReactiveBackend` in place of this one, and says here where there is none.
if (process.env.KAWA_BACKEND === "default" && !isReactiveBackendInitialized()) {
  initReactiveBackend({ registry: reactiveRegistry });
}
