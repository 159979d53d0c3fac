import { createMiddleware } from "kawa/next/middleware";
import { createReactiveRoute } from "kawa/next";
import { createSessions, type Session, type Sessions } from "kawa/next/session";
import { initReactiveBackend, reactiveRegistry } from "kawa/rivetkit";
import type { NextRequest, NextResponse } from "next/server";
import { describe, expectTypeOf, it } from "vitest";

type Login = { userId: string };

describe("sessions", () => {
  const sessions = createSessions<Login>();

  it("give what signIn takes", () => {
    expectTypeOf(sessions).toEqualTypeOf<Sessions<Login>>();
    expectTypeOf(sessions.read).returns.resolves.toEqualTypeOf<Session<Login> | undefined>();
    expectTypeOf(sessions.signIn).parameters.toEqualTypeOf<[Login]>();
    // @ts-expect-error -- not what this app keeps of a login
    void sessions.signIn({ name: "Ada" });
  });

  it("fit the middleware, the stream's route and the backend", () => {
    expectTypeOf(createMiddleware({ sessions })).toEqualTypeOf<(request: NextRequest) => NextResponse>();
    createReactiveRoute({ session: sessions.read });
    initReactiveBackend({ registry: reactiveRegistry, getContext: async () => (await sessions.read())?.data });
  });
});
