import { join } from "node:path";
import { type BuildResult, buildFixture } from "./support/build.ts";
import { expect, test } from "./fixtures.ts";
import { appDir, type Server } from "./support/server.ts";

const dir = join(appDir, "e2e/places-app");

// A build on a busy machine.
test.describe.configure({ timeout: 240_000 });

type Probe = { readonly file: string; readonly door: string; readonly code: string; readonly message: string };

function probesOf({ hasSucceeded, log }: BuildResult): ReadonlyMap<string, readonly Probe[]> {
  expect(hasSucceeded, log).toBe(true);
  const lines = log.split("\n").filter((line) => line.startsWith("probe "));
  return Map.groupBy(
    lines.map((line) => JSON.parse(line.slice("probe ".length)) as Probe),
    ({ file }) => file,
  );
}

const doors = [
  ...["get", "value", "peek", "computed", "members", "set", "update", "delete", "keys", "entries", "clear"],
  ...["named get", "named value", "named set", "named keys", "load", "token"],
];
/** They show defaults where a module is loaded: a server loads it once more. */
const waiting = ["value", "peek", "computed", "members", "named value"];

const dynamic = 'write export const dynamic = "force-dynamic"';
const connection = "write await connection(); before it";
const metadataFiles = ["icon", "apple-icon", "opengraph-image", "twitter-image", "sitemap", "robots", "manifest"];
const generators = ["generateStaticParams", "generateImageMetadata", "generateSitemaps"];
const generated = "return what is known without a signal";
const cached = "Do it outside of the cached function, and pass the value as an argument.";
const perPage = ["page", "generateMetadata", "generateViewport", "after"];

/** The line that mends each kind of file. */
const fixes = {
  legacy: {
    ...Object.fromEntries(metadataFiles.map((file) => [file, `In the file of this ${file}, ${dynamic}`])),
    ...Object.fromEntries(generators.map((name) => [name, generated])),
    ...Object.fromEntries(perPage.map((file) => [file, `In this page (or its layout), ${dynamic}`])),
    "force-static page": `In this page (or its layout), ${dynamic} instead of "force-static"`,
    "error page": `In this page (or its layout), ${dynamic} instead of "error"`,
    "force-static handler": `In this route.ts, ${dynamic} instead of "force-static"`,
    unstable_cache: cached,
  },
  cc: {
    ...Object.fromEntries(metadataFiles.map((file) => [file, `In the file of this ${file}, ${connection}`])),
    ...Object.fromEntries(generators.map((name) => [name, generated])),
    ...Object.fromEntries(perPage.map((file) => [file, `In this page (or its layout), ${connection}`])),
    handler: `In this route.ts, ${connection}`,
    unstable_cache: cached,
    "use cache": cached,
  },
} as const;

for (const [mode, env] of [
  ["legacy", {}],
  ["cc", { KAWA_E2E_CACHE_COMPONENTS: "1" }],
] as const) {
  const tag = mode === "legacy" ? [] : "@long";
  test(
    `whatever is asked at build time is refused at once, with what mends that kind of file: ${mode}`,
    { tag },
    () => {
      const result = buildFixture(dir, env);
      const probes = probesOf(result);
      for (const [file, fix] of Object.entries(fixes[mode])) {
        const found = probes.get(file) ?? [];
        expect(new Set(doors).difference(new Set(found.map(({ door }) => door))), file).toEqual(new Set());
        for (const { code, door, message } of found)
          expect([file, door, code, message]).toEqual([
            file,
            door,
            "RENDER_STATIC",
            expect.stringContaining("next build"),
          ]);
        // Next asks for the metadata of a page when it renders the page, too.
        expect(
          found.filter(({ message }) => message.includes(fix)).map(({ door }) => door),
          file,
        ).toEqual(expect.arrayContaining(doors));
      }
      const ofModule = probes.get("module")!;
      expect(new Set(ofModule.filter(({ code }) => code !== "RENDER_STATIC").map(({ door }) => door))).toEqual(
        new Set(waiting),
      );
      expect(ofModule.find(({ door }) => door === "get")!.message).toContain("and not at the top of a module");
      expect(result.log).toContain("/fixed/sitemap.xml");
    },
  );
}

test("a build that is not mended says so in its log", { tag: "@long" }, () => {
  const { hasSucceeded, log } = buildFixture(dir, { KAWA_E2E_FAILING: "opengraph-image" });
  expect(hasSucceeded).toBe(false);
  expect(log).toContain('"app:counter" was read during next build, in "/opengraph-image"');
  expect(log).toContain(`In the file of this opengraph-image, ${dynamic}`);
});

const inAfter = [
  "layout",
  "metadata",
  "page",
  "page-promise",
  "page-nested",
  "page-slow-promise",
  "page-timer",
  "after-timer",
  "late",
  "proxy",
];

test("what is mended shows what is current, and what is done after the answer is done as whoever asked", async ({
  page,
  startServer,
}) => {
  const server = await startServer({ dir });
  await fetch(`${server.url}/api/counter`, { method: "POST", body: "7" });
  expect(await textAt(server, "/fixed")).toContain("<output>7</output>");
  expect(await textAt(server, "/fixed/icon")).toBe("7");
  expect(await textAt(server, "/fixed/opengraph-image")).toBe("7");
  expect(await textAt(server, "/fixed/sitemap.xml")).toContain("http://localhost/7");

  await page.goto(`${server.url}/fixed`);
  await page.evaluate(() => fetch("/api/sign-in", { method: "POST", body: "ada" }));
  await expectActs(server, ["sign-in"], "ada");
  await page.goto(`${server.url}/later`);
  await expectActs(server, inAfter, "ada");
  await page.evaluate(() => fetch("/api/later", { method: "POST" }));
  await expectActs(server, ["handler", "handler-promise", "handler-nested"], "ada");
  await page.getByRole("button").click();
  await expectActs(server, ["action", "action-before"], "grace");
});

async function textAt(server: Server, path: string): Promise<string> {
  return (await fetch(`${server.url}${path}`)).text();
}

/** Each place has written as somebody, and has issued a token that ends with the session of that somebody. */
async function expectActs(server: Server, places: readonly string[], who: string): Promise<void> {
  const acts = async (): Promise<unknown> =>
    Promise.all(
      places.map(async (place) => {
        const found = JSON.parse(await textAt(server, `/api/who?place=${place}`)) as { who: string; token: string };
        return [place, found.who, sessionOf(found.token) !== null];
      }),
    );
  await expect.poll(acts).toEqual(places.map((place) => [place, who, true]));
}

/** The session in the payload of a token; null where it has none. */
function sessionOf(token: string): unknown {
  if (token === "") return null;
  for (const part of token.split(".")) {
    // Behind the time when it expires.
    const text = Buffer.from(part, "base64url").toString();
    const at = text.indexOf('["');
    if (at >= 0 && at < 20) return (JSON.parse(text.slice(at)) as unknown[])[1];
  }
  return null;
}
