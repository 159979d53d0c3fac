import { sessions } from "@/lib/session";

/** The id of the visitor's session, as this render sees it. */
export default async function SessionPage() {
  return <output>{(await sessions.read())?.id ?? "none"}</output>;
}
