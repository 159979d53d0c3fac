import { namespace } from "kawa";
import { analyticsBackend, userBackend } from "./server.ts";

// Each namespace uses its own backend
export const users = namespace("users", { backend: userBackend });
export const analytics = namespace("analytics", { backend: analyticsBackend });
export const global = namespace("global"); // Uses global backend
