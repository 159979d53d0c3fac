export * from "./core/index.ts";
export { useReactive } from "./react/use-reactive.react-server.ts";
