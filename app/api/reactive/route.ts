import { createReactiveRoute } from "kawa/next";
import { sessions } from "@/lib/session";
import * as signals from "@/lib/signals";

export const { GET, POST, PUT } = createReactiveRoute({ signals, session: sessions.read });
