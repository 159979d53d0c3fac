import { createReactiveRoute } from "kawa/next";
import * as labSignals from "@/lib/lab-signals";
import * as signals from "@/lib/signals";

export const { GET, POST, PUT } = createReactiveRoute({ signals: [signals, labSignals] });
