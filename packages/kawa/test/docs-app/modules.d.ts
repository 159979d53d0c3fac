// Packages that the docs name and this repository does not have.
declare module "next-intl/middleware" {
  import type { NextRequest, NextResponse } from "next/server";

  export default function createMiddleware(routing: object): (request: NextRequest) => NextResponse;
}
