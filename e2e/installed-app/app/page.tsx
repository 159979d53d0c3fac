export { default } from "./page-body";
