// Loaded before an app: RivetKit builds no engine for this platform.
Object.defineProperty(process, "platform", { value: "sunos" });
