export { register } from "kawa/next/instrumentation";
