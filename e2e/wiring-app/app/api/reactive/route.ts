import { createReactiveRoute } from "kawa/next";
import * as signals from "../../../lib/signals";

export const { GET, POST, PUT } = createReactiveRoute({ signals });
