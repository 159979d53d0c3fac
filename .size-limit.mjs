/** The sources, or the compiled files of the package. */
const folder = process.env["KAWA_SIZE_OF"] ?? "packages/kawa/src";
const next = `${folder}/next`;

/** What its files are named where they are. */
const toName = (path) => (process.env["KAWA_SIZE_OF"] ? path.replace(/\.tsx?$/, ".js") : path);

const entries = [
  {
    name: "<LiveUpdates> and kawa/next/client, what each page loads",
    import: {
      [`${next}/client.ts`]: "{ useLiveRetry, useLiveStatus }",
      [`${next}/refresh/live-marker.tsx`]: "{ LiveMarker }",
      [`${next}/refresh/live-refresh.tsx`]: "{ LiveRefresh }",
    },
    limit: "8 kB",
  },
  { name: "kawa/next/client, the shared worker", path: `${next}/shared-stream/shared-worker.ts`, limit: "2.7 kB" },
  {
    name: "kawa/next/client, where there is no shared worker",
    path: `${next}/shared-stream/tab-leader.ts`,
    limit: "2.8 kB",
  },
  {
    name: "kawa in client components, with signals-core",
    path: `${folder}/index.browser.ts`,
    import: "{ namespace, useReactive }",
    limit: "6.4 kB",
  },
  {
    name: "kawa/query, on top of the entry above and TanStack Query",
    path: `${folder}/query/index.ts`,
    ignore: ["@tanstack/react-query", "../core/*", "../browser/*"],
    limit: "2.25 kB",
  },
];

export default entries.map((entry) => ({
  ...entry,
  ...(entry.path && { path: toName(entry.path) }),
  ...(entry.import instanceof Object && {
    import: Object.fromEntries(Object.entries(entry.import).map(([path, names]) => [toName(path), names])),
  }),
  // What is loaded only where it is needed has an entry of its own, and of a server action a browser gets the id.
  ignore: [
    "react",
    "react-dom",
    "next",
    "./refresh-route.ts",
    "./identity-guard.ts",
    "./report-stale.ts",
    "./tab-leader.ts",
    "./try-again.ts",
    "../../browser/left-out.ts",
    "./left-out.ts",
    "./row-reader.ts",
    "./server-only.ts",
    "../browser/server-only.ts",
    "./writer.ts",
    "./list-changes.ts",
    "../core/value/value.ts",
    ...(entry.ignore ?? []),
  ].map(toName),
  gzip: true,
  // As bundlers of apps see it: without what stands in for `import` in a script.
  modifyEsbuildConfig: (config) => ({ ...config, format: "esm" }),
}));
