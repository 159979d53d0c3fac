import { expect, test } from "./fixtures.ts";
import { countRenders, markWindow, openLive, writeCount } from "./support/lab.ts";

test("what an async function reads is live: pages, layouts, metadata, fragments, late parts", async ({
  page,
  labServer,
}) => {
  await writeCount(labServer, "read-first", 1);
  await openLive(page, `${labServer.url}/async-reads/read`);
  const shown = (id: string) => page.getByTestId(id);
  await expect(shown("page")).toHaveText("1 0 0 0 2");
  await expect(shown("late")).toHaveText("0");
  const expectSameWindow = await markWindow(page);

  await writeCount(labServer, "read-first", 2);
  await expect(shown("page")).toHaveText("2 0 0 0 4");
  await writeCount(labServer, "read-left", 3);
  await expect(shown("page")).toHaveText("2 3 0 3 4");
  await writeCount(labServer, "read-right", 4);
  await expect(shown("page")).toHaveText("2 3 4 7 4");
  await writeCount(labServer, "read-layout", 5);
  await expect(shown("layout")).toHaveText("5");
  await writeCount(labServer, "read-title", 6);
  await expect(page).toHaveTitle("title 6");
  await writeCount(labServer, "read-late", 7);
  await expect(shown("late")).toHaveText("7");

  const renders = countRenders(page);
  for (const count of [8, 9, 10]) {
    await writeCount(labServer, "read-fragment", count);
    await expect(shown("fragment")).toHaveText(String(count));
    await writeCount(labServer, "read-inner", count);
    await expect(shown("inner")).toHaveText(String(count));
  }
  expect(renders.count, "what a fragment has read after an await is pushed").toBe(0);
  await expectSameWindow();
});

const kinds = ["signal", "own", "ids", "members", "stream", "named"];

for (const kind of kinds.flatMap((hook) => [
  hook,
  `${hook}-late`,
  ...(["signal", "own"].includes(hook) ? [`${hook}-known`] : []),
])) {
  test(`a hook in an async function is an error at once, and the rest of the page stays: ${kind}`, async ({
    labServer,
  }) => {
    for (let visit = 0; visit < 2; visit += 1) {
      const before = labServer.log().length;
      const response = await fetch(`${labServer.url}/async-reads/misused/${kind}`, {
        signal: AbortSignal.timeout(30_000),
      });
      const html = await response.text();
      const shown = [...html.matchAll(/<output[^>]*>([^<]*)/g)].map((match) => match[1]);
      expect(shown).toEqual(["0", "0"]);
      const log = labServer.log().slice(before);
      expect(log).toContain("was called ");
      expect(log).toContain(
        kind.startsWith("stream") || kind.startsWith("named")
          ? "await read(initial, start, deps)"
          : "await read(signal)",
      );
      expect(log).toContain("(CONTEXT_UNSUPPORTED)");
      expect(log).not.toContain("suspended thenable");
    }
  });
}

test("a hook in an async function that has worked, because components read the same, is told in production", async ({
  labServer,
}) => {
  const show = async (who: string): Promise<void> => {
    const html = await (await fetch(`${labServer.url}/async-reads/by-chance/${who}`)).text();
    expect(html).toContain("<output>0</output>");
  };
  await show("proper");
  await expect(async () => {
    await show("misused");
    expect(labServer.log()).toContain("A hook has worked by chance");
  }).toPass({ timeout: 60_000 });
  expect(labServer.log().split("A hook has worked by chance")).toHaveLength(2);
});

test("where nothing is rendered, both forms say what to write instead", async ({ labServer }) => {
  const response = await fetch(`${labServer.url}/async-reads/misused/route-handler`);
  const { hook, read } = (await response.json()) as { hook: string; read: string };
  for (const message of [hook, read]) expect(message).toContain("await signal.get()");
  expect(hook).toContain("useReactive()");
  expect(read).toContain("read()");
});
