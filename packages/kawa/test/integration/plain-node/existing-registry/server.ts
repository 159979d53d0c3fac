import { initReactiveBackend } from "kawa/rivetkit";
import { registry } from "./registry.ts";

initReactiveBackend({ registry });
registry.start({ defaultServerPort: Number(process.env["PORT"]) });
