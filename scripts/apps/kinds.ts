import type { Page } from "@playwright/test";
import { signIn } from "./sign-in.ts";

/** How an app differs from `e2e/installed-app`. */
export type Kind = {
  readonly name: string;
  /** Texts by path, in place of what the fixture has there; `null` leaves a file out. */
  readonly files?: Readonly<Record<string, string | null>>;
  /** Texts by path in the folder of the repository, which the package manager reads. */
  readonly rootFiles?: Readonly<Record<string, string>>;
  /** Fields of the configuration that `withKawa` gets. */
  readonly config?: string;
  /** The build leaves out the types, which another kind of the same code has checked. @default false */
  readonly isUnchecked?: boolean;
  /** The folder of the app's code, below that of the app. @default the same */
  readonly source?: "src";
  /** The app is one package of a repository, in `apps/web`. */
  readonly workspace?: "hoisted" | "own modules";
  /** @default "npm" */
  readonly manager?: "pnpm";
  /** Flags of `next build` and `next dev`. */
  readonly flags?: readonly string[];
  /** Address of the page and of the route handlers, without slashes at the end. */
  readonly path?: string;
  /** Each address ends with a slash. */
  readonly hasSlashes?: true;
  /** Where the page loads its scripts from; the test answers there. */
  readonly assets?: string;
  /** What the writer does before it writes. */
  readonly visit?: (writer: Page, address: string) => Promise<void>;
  /** Whether `next dev` is tried too. */
  readonly dev?: boolean;
  /** A standalone server is also started where it was built, before and after another build. */
  readonly isRebuilt?: boolean;
  /** How the built app is started. @default "next start" */
  readonly start?: "standalone" | "container";
};

const config = `export const config = {
  runtime: "nodejs",
  matcher: ["/", { source: "/((?!api/rivet|api/reactive|_next/static|_next/image|favicon.ico).*)" }],
};
`;

const localePage = "app/[locale]/page.tsx";

/** The root page of a `basePath` has a line of its own in the matcher. */
const withRoot = `import { createMiddleware } from "kawa/next/middleware";
import { sessions } from "./lib/session";

export const middleware = createMiddleware({ sessions });

${config}`;

/** A page that is rewritten to one with its language. */
const languages = {
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
const ownPolicy = `import { withRenderId } from "kawa/next/middleware";
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

const ownMiddleware = `import { createMiddleware } from "kawa/next/middleware";
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

const proxy = `import { createMiddleware } from "kawa/next/middleware";
import { sessions } from "./lib/session";

export const proxy = createMiddleware({ sessions });

export const config = {
  matcher: ["/", { source: "/((?!api/rivet|api/reactive|_next/static|_next/image|favicon.ico).*)" }],
};
`;

/** The shell is static, so nothing of it has a nonce. */
const cached = {
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
const auth = {
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

const repository = { "package.json": JSON.stringify({ name: "repository", private: true, workspaces: ["apps/*"] }) };

const standalone = { config: `output: "standalone"`, start: "standalone" } as const;

const all: readonly Kind[] = [
  { name: "turbopack", isUnchecked: false, dev: true },
  { name: "webpack", flags: ["--webpack"], dev: true },
  { name: "src", source: "src", dev: true },
  { name: "proxy", files: { "middleware.ts": null, "proxy.ts": proxy }, dev: true },
  { name: "base-path", files: { "middleware.ts": withRoot }, config: `basePath: "/shop"`, path: "/shop", dev: true },
  { name: "trailing-slash", config: "trailingSlash: true", hasSlashes: true },
  { name: "asset-prefix", config: `assetPrefix: "http://cdn.test/assets"`, assets: "http://cdn.test/assets" },
  { name: "languages", files: languages, dev: true },
  { name: "own-middleware", files: { "middleware.ts": ownMiddleware } },
  { name: "own-policy", files: { "middleware.ts": ownPolicy }, dev: true },
  { name: "auth", files: auth, visit: signIn },
  { name: "react-compiler", config: "reactCompiler: true", dev: true },
  { name: "cache-components", config: "cacheComponents: true, partialPrefetching: true", files: cached, dev: true },
  { name: "standalone", ...standalone, isRebuilt: true },
  { name: "standalone-webpack", ...standalone, flags: ["--webpack"] },
  { name: "npm-workspaces", workspace: "hoisted", rootFiles: repository, ...standalone, isRebuilt: true, dev: true },
  { name: "npm-own-modules", workspace: "own modules", rootFiles: repository, ...standalone },
  { name: "pnpm", manager: "pnpm", ...standalone, dev: true },
  { name: "container", config: `output: "standalone"`, start: "container" },
];

/** One of them checks the types of what they have in common. */
export const kinds: readonly Kind[] = all.map((kind) => ({ isUnchecked: kind.files === undefined, ...kind }));
