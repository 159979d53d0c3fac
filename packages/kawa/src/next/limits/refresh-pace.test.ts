import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { asNext } from "../../../test/support/next-stores.ts";
import { processState } from "../../core/process/process-state.ts";
import { markRefresh } from "../../core/work/refresh-requests.ts";
import { countRefresh, countRender } from "./refresh-pace.ts";

let warnings: string[];

beforeEach(() => {
  Object.assign(
    processState<object>("refresh-pace", () => ({})),
    { counts: new Map(), told: new Set() },
  );
  warnings = [];
  vi.spyOn(console, "warn").mockImplementation((said: unknown) => void warnings.push(String(said)));
});
afterEach(() => void vi.restoreAllMocks());

const times = (count: number, fn: (index: number) => void): void =>
  Array.from({ length: count }).forEach((_, index) => fn(index));

describe("a page that is rendered again and again", () => {
  it("is told once, whatever makes it change", () => {
    times(199, (index) => countRender("page", "one browser", "/views", index * 250));
    expect(warnings).toEqual([]);
    times(300, (index) => countRender("page", "one browser", "/views", 50_000 + index));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('"/views" was rendered again 200 times in 50 s for one browser');
  });

  it("is told for a fragment when it is rendered more often", () => {
    times(1_499, (index) => countRender("fragment", "a stream", "/views", index * 20));
    expect(warnings).toEqual([]);
    countRender("fragment", "a stream", "/views", 30_000);
    expect(warnings[0]).toContain('A live fragment of "/views" was rendered again 1500 times in 30 s');
  });

  it("is not told of where something changes each second", () => {
    times(10_000, (index) => countRender("page", "one browser", "/clock", index * 1_000));
    expect(warnings).toEqual([]);
  });

  it("is not told of where many browsers show it", () => {
    times(5_000, (index) => countRender("page", `browser ${index % 100}`, "/views", index * 20));
    expect(warnings).toEqual([]);
  });

  it("keeps no more than a thousand counts, whoever asks", () => {
    times(5_000, (index) => countRender("page", `browser ${index}`, "/views", index));
    expect(processState("refresh-pace", () => ({ counts: new Map() })).counts.size).toBe(1_000);
  });
});

describe("what counts", () => {
  type Asked = {
    readonly accept?: string;
    readonly referer?: string;
    readonly isMarked?: boolean;
    readonly cookie?: (index: number) => string;
  };

  function ask({ accept = "*/*", referer = "", isMarked = false, cookie = () => "a=1" }: Asked): void {
    times(250, (index) => {
      const headers = new Headers({ accept, referer, cookie: cookie(index) });
      if (isMarked) markRefresh(headers);
      const unit = { type: "request", phase: "render", headers, url: { pathname: "/views", search: "" } };
      asNext({ work: { page: "/views/page", route: "/views" }, unit }, () => countRefresh({ headers }));
    });
  }

  it.each<[string, Asked, number]>([
    ["a refresh of the page", { referer: "http://host/views" }, 1],
    ["a refresh of the route", { isMarked: true }, 1],
    ["a document", { accept: "text/html" }, 0],
    ["a navigation", { referer: "http://host/other" }, 0],
    ["refreshes of many browsers", { isMarked: true, cookie: (index) => `a=${index}` }, 0],
  ])("is %s", (_, asked, count) => {
    ask(asked);
    expect(warnings).toHaveLength(count);
  });
});
