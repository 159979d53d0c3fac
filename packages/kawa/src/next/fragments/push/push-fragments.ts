"use server";

import { headers } from "next/headers";
import { markRefresh } from "../../../core/work/refresh-requests.ts";
import { admitPush } from "./admit-push.ts";
import { checkedPush, openPush } from "./open-push.ts";
import type { PushAnswer, PushRequest } from "../../protocol/push-protocol.ts";
import { currentReader } from "./push-reader.ts";

/** Called by the browser: new content of a tab's fragments for as long as it looks. */
export async function pushFragments(request: PushRequest): Promise<PushAnswer> {
  const asked = checkedPush(request);
  markRefresh(await headers());
  return openPush(asked, await admitPush(asked.fragments.length), currentReader());
}
