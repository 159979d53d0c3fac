/** What shows Kawa and is no part of an app. README.md has the map. */
export const demoFiles: readonly string[] = [
  "app/_components",
  "app/_lib",
  "app/page.tsx",
  "app/page.module.css",
  "app/actions.ts",
  "app/api/counter",
  "actors/board.ts",
  "lib/notes.ts",
  "lib/people.ts",
  "lib/accounts.ts",
  "lib/identity.ts",
];

/** Tests of the demo, and what they share. */
export const demoTests: readonly string[] = [
  "e2e/board.spec.ts",
  "e2e/board-forms.spec.ts",
  "e2e/board-people.spec.ts",
  "e2e/dev.spec.ts",
  "e2e/eject-demo.spec.ts",
  "e2e/notes.spec.ts",
  "e2e/support/board.ts",
  "e2e/support/starter.ts",
  "packages/kawa/test/integration/recipe.test.ts",
  "packages/kawa/test/starter.test.ts",
];

type Replacement = { readonly file: string; readonly from: string; readonly to: string };

/** Where wiring speaks of the demo. */
export const replacements: readonly Replacement[] = [
  {
    file: "app/layout.tsx",
    from: "A shared board: one set of values on the server, the same in every window.",
    to: "Say here what your app does.",
  },
  { file: "app/not-found.tsx", from: "Go to the board", to: "Go to the home page" },
];
