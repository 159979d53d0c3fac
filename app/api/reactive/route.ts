import { createReactiveRoute } from "kawa/next";
import * as labSignals from "@/lib/lab-signals";
import { sessions } from "@/lib/session";
import * as signals from "@/lib/signals";

export const { GET, POST, PUT } = createReactiveRoute({ signals: [signals, labSignals], session: sessions.read });
