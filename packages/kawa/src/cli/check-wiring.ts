import { existsSync } from "node:fs";
import { join } from "node:path";
import { findBackend } from "../wiring/find-backend.ts";
import { type App, readText } from "./app.ts";
import type { Finding } from "./doctor.ts";
import { findRoute, planInit } from "./plan.ts";

/** The steps of `kawa init`, and what its author can still get wrong. */
export function checkWiring(app: App): Finding[] {
  const { changes, byHand } = planInit(app);
  const missing = [
    ...changes.map(({ path, before, after }): Finding => {
      const known = new Set(before?.split("\n"));
      const lines = (after ?? "").split("\n").filter((line) => line.trim() !== "" && !known.has(line));
      return { state: "wrong", text: `${path} lacks`, line: lines.map((line) => line.trim()).join("\n") };
    }),
    ...byHand.map(({ path, why, lines }): Finding => ({
      state: "wrong",
      text: `${path} lacks (${why})`,
      line: lines.join("\n"),
    })),
  ];
  const steps: Finding[] =
    missing.length > 0 ? missing : [{ state: "right", text: "The files of kawa init are there" }];
  return [...steps, checkBackend(app), ...checkSignals(app), ...checkMiddleware(app)];
}

function checkBackend({ folder, config }: App): Finding {
  const isNamed = config !== undefined && /\bbackend:/.test(readText(folder, config));
  const found = findBackend(folder);
  if (found === "several" && !isNamed)
    return {
      state: "wrong",
      text: "Several modules call initReactiveBackend(), and withKawa() does not know which one the app uses",
      line: 'withKawa(nextConfig, { backend: "./lib/backend.ts" })',
    };
  if (isNamed) return { state: "right", text: "withKawa() names the backend" };
  return found === "none" || found === "several"
    ? {
        state: "right",
        text: "Signals live in the default actor, which has no hooks; lib/backend.ts can name another one",
      }
    : { state: "right", text: `Signals live in the backend of ${found.path}` };
}

function checkSignals(app: App): Finding[] {
  const route = findRoute(app);
  const signals = ["ts", "tsx", "js"].map((ending) => `${app.source}lib/signals.${ending}`);
  const path = signals.find((one) => existsSync(join(app.folder, one)));
  if (route === undefined || path === undefined) return [];
  const isExposed = /\bexpose:/.test(readText(app.folder, path));
  if (!isExposed || /createReactiveRoute\(\{[^)]*\bsignals\b/s.test(readText(app.folder, route))) return [];
  return [
    {
      state: "wrong",
      text: `${path} exposes signals, and ${route} does not give them to browsers (NOT_EXPOSED)`,
      line: "export const { GET, POST, PUT } = createReactiveRoute({ signals });",
    },
  ];
}

function checkMiddleware({ folder, middleware, basePath }: App): Finding[] {
  if (middleware === undefined)
    return [
      {
        state: "hint",
        text: "Without a middleware, a page is refreshed too often after a navigation",
        line: "node_modules/kawa/docs/middleware.md",
      },
    ];
  const text = readText(folder, middleware);
  const findings = checkLogin(middleware, text);
  if (!text.includes("kawa/next/middleware"))
    return [
      ...findings,
      {
        state: "hint",
        text: `${middleware} does not use Kawa's withRenderId()`,
        line: "node_modules/kawa/docs/middleware.md",
      },
    ];
  const isInNode = /\bruntime:\s*["'`]nodejs["'`]/.test(text);
  const isProxy = /(^|\/)proxy\.\w+$/.test(middleware);
  if (!isProxy && !isInNode)
    findings.push({
      state: "wrong",
      text: `${middleware} runs at the edge (RUNTIME_UNSUPPORTED)`,
      line: 'export const config = { runtime: "nodejs", … }',
    });
  if (isProxy && isInNode)
    findings.push({
      state: "wrong",
      text: `${middleware} names a runtime, which Next refuses`,
      line: 'Delete runtime: "nodejs"',
    });
  if (basePath !== "" && /matcher/.test(text) && !/["'`]\/["'`]/.test(text))
    findings.push({
      state: "hint",
      text: `The matcher of ${middleware} leaves out ${basePath}, the first page`,
      line: 'matcher: ["/", …]',
    });
  return findings.length > 0 ? findings : [{ state: "right", text: `${middleware} names renders` }];
}

/** A stream that is led to a login is none, and the page of the login may show signals too. */
function checkLogin(middleware: string, text: string): Finding[] {
  if (!/\bredirect\(/.test(text) || /api\/reactive|\(\?!(?:[\w/]+\|)*api\b/.test(text)) return [];
  return [
    {
      state: "hint",
      text: `${middleware} redirects, and its matcher may lead the stream away too (ROUTE_MISSING)`,
      line: 'matcher: ["/", "/((?!api/reactive|_next|favicon.ico).*)"]',
    },
  ];
}
