export { namespace, signal, computed, effect, batch, untracked, useReactive } from "./src/index.browser.ts";
