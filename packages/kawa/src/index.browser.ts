export * from "./core/index.ts";
export { type Presence, usePresence } from "./react/use-presence.ts";
export { read } from "./react/read.ts";
export { useReactive } from "./react/use-reactive.browser.ts";
export { useReactiveStream } from "./react/use-reactive-stream.ts";
export { type SignalWrite, useSignalWrite } from "./react/use-signal-write.ts";
