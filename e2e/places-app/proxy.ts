import { after, type NextRequest, NextResponse } from "next/server";

export async function proxy(request: NextRequest): Promise<NextResponse> {
  if (request.nextUrl.pathname === "/later") {
    const { act } = await import("./lib/who.ts");
    after(() => act("proxy"));
  }
  return NextResponse.next();
}
