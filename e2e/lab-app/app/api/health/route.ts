import { createHealthRoute } from "kawa/next";

export const { GET } = createHealthRoute();
