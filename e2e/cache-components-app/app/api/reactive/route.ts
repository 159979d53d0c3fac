import { createReactiveRoute } from "kawa/next";

export const { GET } = createReactiveRoute();
