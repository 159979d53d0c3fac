import { createReactiveRoute } from "kawa/next";
import { sessions } from "@/lib/session";

export const { POST } = createReactiveRoute({ session: sessions.read });
