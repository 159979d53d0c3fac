const config = `export const config = {
  runtime: "nodejs",
  matcher: ["/", { source: "/((?!api/rivet|api/reactive|_next/static|_next/image|favicon.ico).*)" }],
};
`;

const localePage = "app/[locale]/page.tsx";

/** The root page of a `basePath` has a line of its own in the matcher. */
export const withRoot = `import { createMiddleware } from "kawa/next/middleware";
import { sessions } from "./lib/session";

export const middleware = createMiddleware({ sessions });

${config}`;

/** A page that is rewritten to one with its language. */
export const languages = {
  "app/page.tsx": null,
  [localePage]: `import Page from "../page-body";

export default async function LocalePage({ params }: { params: Promise<{ locale: string }> }) {
  const { locale } = await params;
  return <><p id="locale">{locale}</p><Page /></>;
}
`,
  "middleware.ts": `import { createMiddleware } from "kawa/next/middleware";
import { type NextRequest, NextResponse } from "next/server";
import { sessions } from "./lib/session";

export const middleware = createMiddleware({
  sessions,
  respond(request: NextRequest) {
    const { pathname, search } = request.nextUrl;
    if (pathname.startsWith("/api/") || /^\\/(de|en)(\\/|$)/.test(pathname)) return NextResponse.next({ request });
    return NextResponse.rewrite(new URL(\`/en\${pathname}\${search}\`, request.url), { request });
  },
});

${config}`,
};

/** A middleware that the app has already: it decides, and sets a policy of its own. */
export const ownPolicy = `import { withRenderId } from "kawa/next/middleware";
import { type NextRequest, NextResponse } from "next/server";

export function middleware(request: NextRequest): NextResponse {
  const nonce = Buffer.from(crypto.randomUUID()).toString("base64");
  const isDevelopment = process.env.NODE_ENV === "development";
  const policy = \`default-src 'self'; script-src 'self' 'nonce-\${nonce}' 'strict-dynamic'\${isDevelopment ? " 'unsafe-eval'" : ""}; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'\`;
  request.headers.set("content-security-policy", policy);
  return withRenderId(request, () => {
    const response = NextResponse.next({ request });
    response.headers.set("content-security-policy", policy);
    response.headers.set("x-own", "yes");
    return response;
  });
}

${config}`;

export const ownMiddleware = `import { createMiddleware } from "kawa/next/middleware";
import { type NextRequest, NextResponse } from "next/server";
import { sessions } from "./lib/session";

export const middleware = createMiddleware({
  sessions,
  async respond(request: NextRequest) {
    if (request.nextUrl.pathname === "/old") return NextResponse.redirect(new URL("/", request.url));
    const response = NextResponse.next({ request });
    response.headers.set("x-own", "yes");
    response.cookies.set("seen", "1");
    return response;
  },
});

${config}`;

export const ownInstrumentation = `export async function register() {
  if (process.env.NEXT_RUNTIME === "nodejs") {
    const { startKawa } = await import("kawa/next");
    startKawa({ allowedHosts: ["localhost"] });
  }
}
`;

export const proxy = `import { createMiddleware } from "kawa/next/middleware";
import { sessions } from "./lib/session";

export const proxy = createMiddleware({ sessions });

export const config = {
  matcher: ["/", { source: "/((?!api/rivet|api/reactive|_next/static|_next/image|favicon.ico).*)" }],
};
`;

/** The shell is static, so nothing of it has a nonce. */
export const cached = {
  "middleware.ts": `import { createMiddleware } from "kawa/next/middleware";

export const middleware = createMiddleware({ nonce: false });

${config}`,
  "app/layout.tsx": `import { LiveUpdates } from "kawa/next";
import type { ReactNode } from "react";
import { LiveStatus } from "./live-status";

export default function RootLayout({ children }: { children: ReactNode }) {
  return <html lang="en"><body><LiveUpdates>{children}<LiveStatus /></LiveUpdates></body></html>;
}
`,
  "app/page.tsx": `import { Suspense } from "react";
import Body from "./page-body";

export default function Page() {
  return <Suspense fallback={<p>Loading</p>}><Body /></Suspense>;
}
`,
};

/** A cookie of the app says who writes; hooks decide. */
export const auth = {
  "lib/who.ts": `import { cookies } from "next/headers";

export async function currentIdentity(): Promise<{ userId?: string }> {
  const userId = (await cookies()).get("user")?.value;
  return userId === undefined ? {} : { userId };
}
`,
  "lib/backend.ts": `import { initReactiveBackend } from "kawa/rivetkit";
import { registry } from "../actors/registry";
import { currentIdentity } from "./who";

export const backend = initReactiveBackend({ registry, getContext: currentIdentity });
`,
  "actors/registry.ts": `import { createReactiveStateActor } from "kawa/rivetkit";
import { setup, UserError } from "rivetkit";

const reactiveState = createReactiveStateActor<{ userId: string }>({
  getSignal: (c, params, next) => next(params),
  setSignal: async (c, params, next) => {
    if (params.userId === undefined) throw new UserError("Sign in first.");
    return await next(params);
  },
});

export const registry = setup({ use: { reactiveState } });
`,
  "app/api/counter/route.ts": `import { answerErrors } from "kawa/next";
import { counter } from "../../../lib/signals";

export const POST = answerErrors(async () => Response.json(await counter.update((count) => count + 1)));
`,
  "app/sign/[way]/route.ts": `import { cookies } from "next/headers";

export async function POST(_: Request, { params }: { params: Promise<{ way: string }> }): Promise<Response> {
  if ((await params).way === "in") (await cookies()).set("user", "ada", { httpOnly: true, sameSite: "lax" });
  else (await cookies()).delete("user");
  return new Response(null, { status: 204 });
}
`,
};

export const repository = {
  "package.json": JSON.stringify({ name: "repository", private: true, workspaces: ["apps/*"] }),
};

/** The five files of docs/start.md: the default actor, and an engine that starts with the first route. */
export const fewFiles = {
  "instrumentation.ts": null,
  "lib/backend.ts": null,
  "actors/registry.ts": null,
  "app/api/rivet/[...all]/route.ts": null,
};
