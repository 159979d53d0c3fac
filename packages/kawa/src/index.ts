export * from "./core/index.ts";
export { useReactive } from "./react/use-reactive.ts";
export { useReactiveStream } from "./react/use-reactive-stream.ts";
export { type SignalWrite, useSignalWrite } from "./react/use-signal-write.ts";
