import { createReactiveRoute } from "kawa/next";

// Forgotten: `signals`.
export const { GET, POST, PUT } = createReactiveRoute();
