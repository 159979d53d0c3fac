import type { ReactNode } from "react";
import { expectTypeOf, test } from "vitest";
import { reactive } from "../../src/next/fragments/reactive.tsx";

test("a fragment takes the props of its component", () => {
  const Score = reactive(({ team }: { team: string }) => <b>{team}</b>);
  expectTypeOf(Score).parameter(0).toEqualTypeOf<{ team: string }>();
  expectTypeOf(Score).returns.toEqualTypeOf<ReactNode | Promise<ReactNode>>();
  void (<Score team="red" />);
  // @ts-expect-error - a prop is missing
  void (<Score />);
});

test("a component may be asynchronous, and have a name of its own", () => {
  const Late = reactive(async () => <b>late</b>, { id: "late" });
  expectTypeOf(Late).toBeCallableWith({});
  // @ts-expect-error - it returns no content
  reactive(() => Symbol("none"));
});
