export * from "./core/index.ts";
export { type Presence, usePresence } from "./react/use-presence.react-server.ts";
export { read } from "./react/read.react-server.ts";
export { useReactive } from "./react/use-reactive.react-server.ts";
export { useReactiveStream } from "./react/use-reactive-stream.react-server.ts";
export { type SignalWrite, useSignalWrite } from "./react/use-signal-write.react-server.ts";
