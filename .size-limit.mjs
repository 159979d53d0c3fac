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
    limit: "8.55 kB",
  },
  {
    name: "kawa/next/instrumentation-client, what each page loads before that; parts of it are in the entry above, too",
    path: `${next}/router/instrumentation-client.ts`,
    limit: "2.9 kB",
  },
  { name: "kawa/next/client, the shared worker", path: `${next}/shared-stream/shared-worker.ts`, limit: "2.75 kB" },
  {
    name: "kawa/next/client, where there is no shared worker",
    path: `${next}/shared-stream/tab-leader.ts`,
    limit: "2.9 kB",
  },
  {
    name: "kawa in client components, with signals-core",
    path: `${folder}/index.browser.ts`,
    import: "{ namespace, useReactive }",
    limit: "6.75 kB",
  },
  {
    name: "collections in client components, with the entry above",
    path: `${folder}/index.browser.ts`,
    import: "{ collection, namespace, useReactive }",
    limit: "10.8 kB",
  },
  {
    name: "transactions in client components, loaded at the first one",
    path: `${folder}/browser/browser-transactions.ts`,
    import: "{ run }",
    // Loaded with client components, and with their first write.
    ignore: [
      "#platform",
      "../core/errors/errors.ts",
      "../core/process/process-state.ts",
      "../core/process/reactive.ts",
      "../core/process/with-timeout.ts",
      "../errors/errors.ts",
      "../process/process-state.ts",
      "../process/reactive.ts",
      "../value/value.ts",
      "./deliver.ts",
      "./errors/errors.ts",
      "./global-backend.ts",
      "./shown-change.ts",
      "./signal.ts",
      "./value/commuting.ts",
      "./value/value.ts",
      "./write-frame.ts",
    ],
    limit: "5.2 kB",
  },
  {
    name: "kawa/query, on top of client components and TanStack Query",
    path: `${folder}/query/index.ts`,
    ignore: ["@tanstack/react-query", "../core/*", "../browser/*"],
    limit: "2.6 kB",
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
    "../router/pushed-address.ts",
    "./report-stale.ts",
    "./tab-leader.ts",
    "./try-again.ts",
    "../../browser/left-out.ts",
    "./left-out.ts",
    "./row-reader.ts",
    "./stored-value.ts",
    "./server-only.ts",
    "../browser/server-only.ts",
    "./writer.ts",
    "./browser-transactions.ts",
    "./list-changes.ts",
    "../core/value/commuting.ts",
    "../core/value/value.ts",
    ...(entry.ignore ?? []),
  ].map(toName),
  gzip: true,
  // As bundlers of apps see it: without what stands in for `import` in a script.
  modifyEsbuildConfig: (config) => ({ ...config, format: "esm" }),
}));
