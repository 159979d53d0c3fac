import { createReactiveRoute } from "kawa/next";

export const { POST } = createReactiveRoute();
