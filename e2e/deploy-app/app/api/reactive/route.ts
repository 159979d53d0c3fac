import { createReactiveRoute } from "kawa/next";

export const { GET, POST, PUT } = createReactiveRoute();
