import { createReactiveRoute } from "kawa/next";
import { env } from "@/lib/env";
import * as labSignals from "@/lib/lab-signals";
import { sessions } from "@/lib/session";
import * as signals from "@/lib/signals";

export const { GET, POST, PUT } = createReactiveRoute({
  signals: env.isLab ? [signals, labSignals] : signals,
  session: sessions.read,
});
