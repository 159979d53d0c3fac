export * from "./core/index.ts";
export { useReactive } from "./react/use-reactive.ts";
