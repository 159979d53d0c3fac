import "../../../lib/backend.ts";
import { answerErrors } from "kawa/next";
import { sessions } from "../../../lib/sessions.ts";

export const POST = answerErrors(async () => {
  await sessions.signOut();
  return new Response(null, { status: 204 });
});
