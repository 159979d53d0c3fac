import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import { formatVersions, parseVersions, type Version } from "../../core/value/version.ts";
import { RefreshQueue } from "./refresh-queue.ts";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

type Way = "page" | "route";
/** Of which backends a part of a page tells versions. */
type Names = readonly (0 | 1)[];
type Page = { readonly route: Names; readonly page: Names | undefined };

type Step =
  | { readonly kind: "change"; readonly backend: 0 | 1; readonly way: Way; readonly told: Names }
  | { readonly kind: "tell again"; readonly way: Way }
  | { readonly kind: "restart"; readonly backend: 0 | 1 }
  /** `isLeft` is false for what an action of the app brings where the visitor is. */
  | { readonly kind: "show"; readonly to: Page; readonly age: number; readonly isLeft: boolean }
  | { readonly kind: "end the refresh"; readonly age: number }
  /** `isLate` where the commit of the refresh comes before the news that it has failed. */
  | { readonly kind: "fail the refresh"; readonly isLate: boolean }
  | { readonly kind: "hide" | "unhide" }
  | { readonly kind: "wait"; readonly ms: number };

const backend = fc.constantFrom(0 as const, 1 as const);
const way = fc.constantFrom<Way>("page", "route");
const names = fc.constantFrom<Names>([], [0], [1], [0, 1]);
/** By how many changes a render is too old. */
const age = fc.constantFrom(0, 0, 0, 1, 2);
const page: fc.Arbitrary<Page> = fc.record({ route: names, page: fc.option(names, { nil: undefined }) });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("change" as const), backend, way, told: names }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("tell again" as const), way }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), backend }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("show" as const), to: page, age, isLeft: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("end the refresh" as const), age }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fail the refresh" as const), isLate: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("hide" as const, "unhide" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1, 250, 5_000) }) },
);

/** A server with two backends, and one tab. */
class World {
  readonly faults: string[] = [];
  /** What each backend has come to. */
  readonly #histories: readonly [Version, Version] = [
    { epoch: "a0", seq: 5 },
    { epoch: "b0", seq: 5 },
  ];
  #shown: Page = { route: [0], page: undefined };
  readonly #texts: { route: string; page: string | undefined } = { route: "a0@5", page: undefined };
  readonly #announced: Record<Way, string> = { page: "", route: "" };
  /** What renders of this page, or of one before it, were asked for and have come. */
  readonly #rendered: Record<Way, string> = { page: "", route: "" };
  /** What was announced when the refresh started that is under way; undefined where that is of a page that was left. */
  #asked: Record<Way, string> | undefined;
  #isVisible = true;
  /** No render brought what was announced, so nothing more is asked for. */
  #isGivenUp = false;
  readonly #queue: RefreshQueue = new RefreshQueue({
    shown: () => this.#texts,
    canStart: () => this.#isVisible,
    start: () => void (this.#asked = { ...this.#announced }),
    onBehind: () => {},
    onStale: () => void (this.#isGivenUp = true),
  });

  play(one: Step): void {
    if (one.kind === "change") this.#change(one.backend, one.way, one.told);
    else if (one.kind === "tell again") this.#announce(one.way, this.#announced[one.way]);
    else if (one.kind === "restart")
      Object.assign(this.#histories[one.backend], { epoch: `${this.#histories[one.backend].epoch}0`, seq: 3 });
    else if (one.kind === "show") this.#show(one.to, one.age, one.isLeft);
    else if (one.kind === "end the refresh") this.#endRefresh(one.age);
    else if (one.kind === "fail the refresh") this.#failRefresh(one.isLate);
    else if (one.kind === "wait") vi.advanceTimersByTime(one.ms);
    else {
      this.#isVisible = one.kind === "unhide";
      this.#queue.resume();
    }
    this.#check();
  }

  /** Everything works from now on. Returns whether the tab is silent because it has given up. */
  settle(): boolean {
    this.#isVisible = true;
    this.#queue.resume();
    // Four tries, and one that was under way.
    for (let n = 0; n < 5; n += 1) {
      vi.advanceTimersByTime(5_000);
      this.#endRefresh(0);
    }
    this.#check();
    if (this.#queue.isBusy || vi.getTimerCount() > 0) this.faults.push("goes on without end");
    if (this.#queue.isBehind && !this.#isGivenUp) this.faults.push("is right, and does not say so");
    return this.#isGivenUp;
  }

  #change(changed: 0 | 1, to: Way, told: Names): void {
    Object.assign(this.#histories[changed], { seq: this.#histories[changed].seq + 1 });
    this.#announce(this.#shown.page ? to : "route", this.#textOf([...new Set([changed, ...told])], 0));
  }

  #announce(to: Way, versions: string): void {
    if (versions !== this.#announced[to]) this.#isGivenUp = false;
    this.#announced[to] = versions;
    this.#queue.announce(versions, to);
  }

  #show(to: Page, tooOldBy: number, isLeft: boolean): void {
    this.#shown = to;
    this.#render(tooOldBy);
    if (isLeft) {
      this.#announced.page = "";
      this.#asked = undefined;
      this.#isGivenUp = false;
      this.#queue.leave();
    }
    this.#queue.resume();
  }

  #endRefresh(tooOldBy: number): void {
    if (!this.#queue.isBusy) return;
    this.#render(tooOldBy);
    for (const one of ["page", "route"] as const) this.#rendered[one] += `;${this.#asked?.[one] ?? ""}`;
    this.#queue.settle();
    this.#queue.resume();
  }

  #failRefresh(isLate: boolean): void {
    if (!this.#queue.isBusy) return;
    this.#rendered.page = this.#rendered.route = "";
    const steps = [() => this.#queue.fail(), () => this.#queue.settle()];
    for (const one of isLate ? steps.reverse() : steps) one();
    this.#isGivenUp = this.#queue.isBehind;
    this.#queue.resume();
  }

  #render(tooOldBy: number): void {
    this.#texts.route = this.#textOf(this.#shown.route, tooOldBy);
    this.#texts.page = this.#shown.page && this.#textOf(this.#shown.page, tooOldBy);
  }

  #textOf(of: Names, tooOldBy: number): string {
    return formatVersions(
      Object.fromEntries(of.map((n) => [this.#histories[n].epoch, this.#histories[n].seq - tooOldBy])),
    );
  }

  #check(): void {
    if (!this.#queue.isBehind) {
      this.#isGivenUp = false;
      const { route, page: own = route } = this.#texts;
      const missing = [...this.#missing(route, "route"), ...this.#missing(own, "page")];
      if (missing.length > 0) this.faults.push(`is live, and older than announced: ${missing}`);
    } else if (!this.#queue.isBusy && this.#isVisible && !this.#isGivenUp && vi.getTimerCount() === 0)
      this.faults.push("is behind, and nothing is due");
  }

  /** What was announced and is not shown. What the page does not name counts as shown after a render. */
  #missing(shown: string, of: Way): string[] {
    const own = { ...parseVersions(this.#rendered[of]), ...parseVersions(shown) };
    return Object.entries(parseVersions(this.#announced[of])).flatMap(([epoch, seq]) =>
      (own[epoch] ?? -1) < seq ? [epoch] : [],
    );
  }
}

it(
  "a tab is behind for as long as it shows less than was announced, and then has something due until it has given up",
  { timeout: modelTimeout(3_000) },
  () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        vi.clearAllTimers();
        const world = new World();
        for (const one of steps) world.play(one);
        const isGivenUp = world.settle();
        // What was given up is tried again on the next page.
        if (isGivenUp) world.play({ kind: "show", to: { route: [0], page: undefined }, age: 1, isLeft: true });
        expect([isGivenUp && world.settle(), world.faults]).toEqual([false, []]);
      }),
      { numRuns: modelRuns(3_000) },
    );
  },
);
