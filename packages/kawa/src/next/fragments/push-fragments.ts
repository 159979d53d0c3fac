"use server";

import { headers } from "next/headers";
import { checkHost } from "../check-host.ts";
import { openPush } from "./open-push.ts";
import type { PushAnswer, PushRequest } from "./push-protocol.ts";

/** Called by the browser: new content of a tab's fragments for as long as it looks. */
export async function pushFragments(request: PushRequest): Promise<PushAnswer> {
  checkHost({ headers: await headers() });
  return openPush(request);
}
