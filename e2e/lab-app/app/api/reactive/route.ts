import { createReactiveRoute } from "kawa/next";
import { sessions } from "../../../lib/sessions.ts";
import * as signals from "../../../lib/signals.ts";

export const { GET, POST, PUT } = createReactiveRoute({ signals, session: sessions.read });
