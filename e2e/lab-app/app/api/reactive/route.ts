import { createReactiveRoute } from "kawa/next";
import { maxStreamMs } from "../../../lib/registry.ts";
import { sessions } from "../../../lib/sessions.ts";
import * as signals from "../../../lib/signals.ts";

const limits = maxStreamMs ? { maxDurationMs: maxStreamMs } : {};

export const { GET, POST, PUT } = createReactiveRoute({ signals, session: sessions.read, ...limits });
