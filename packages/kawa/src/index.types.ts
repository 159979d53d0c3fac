// What editors show: where a server and a browser have different halves, the one that says what the hook does.
export * from "./core/index.ts";
export { type Presence, usePresence } from "./react/use-presence.ts";
export { read } from "./react/read.react-server.ts";
export { useReactive } from "./react/use-reactive.react-server.ts";
export { useReactiveStream } from "./react/use-reactive-stream.react-server.ts";
export { type SignalWrite, useSignalWrite } from "./react/use-signal-write.ts";
