import { collection, namespace, type StandardSchema } from "kawa";

const lab = namespace("lab");

/** A number for each test: tests that share no name do not disturb each other. Browsers are told nothing of it. */
export const labCounter = lab.family((name: string) => ({ key: `${name}:counter`, default: 0 }));

/** Refuses what is negative. */
const naturalNumber: StandardSchema<number> = {
  "~standard": {
    version: 1,
    vendor: "kawa-lab",
    validate: async (value) => {
      if (typeof value !== "number") return { issues: [{ message: "Only numbers can be saved." }] };
      return value < 0 ? { issues: [{ message: "Numbers below zero cannot be saved." }] } : { value };
    },
  },
};

/** A number for client components of each test. */
export const labShared = lab.family((name: string) => ({ key: `${name}:shared`, default: 0 }), {
  expose: "write",
  schema: naturalNumber,
});

/** Client components show it, and browsers cannot write it. */
export const labShown = lab.family((name: string) => ({ key: `${name}:shown`, default: 0 }), { expose: "read" });

/** One theme for each test. */
export const labThemes = ["system", "light", "dark"] as const;
export type LabTheme = (typeof labThemes)[number];
export const labTheme = lab.family((name: string) => ({ key: `${name}:theme`, default: "system" as LabTheme }), {
  expose: "write",
});

/** Who is in a room, one member a tab: it is gone 5 seconds after its browser was last heard of. */
export const labVisitors = lab.family(
  (at: { room: string; tab: string }) => ({ key: `visitors:${at.room}:${at.tab}`, default: "" }),
  {
    expose: "write",
    ttlMs: 5_000,
  },
);

/** As above, for longer than a test takes: who is gone has said so. */
export const labResidents = lab.family(
  (at: { room: string; tab: string }) => ({ key: `residents:${at.room}:${at.tab}`, default: "" }),
  {
    expose: "write",
    ttlMs: 600_000,
  },
);

/** Set by servers alone. */
export const labGuests = lab.family(
  (at: { room: string; id: string }) => ({ key: `guests:${at.room}:${at.id}`, default: "" }),
  {
    expose: "read",
    ttlMs: 5_000,
  },
);

/** A value of a kind that JSON does not know. Version 1 was its text. */
export const labDate = lab.family((name: string) => ({ key: `${name}:date`, default: new Date(0) }), {
  expose: "write",
  version: 2,
  migrate: (value) => new Date(value as string),
});

export const labList = lab.family(
  (name: string): { key: string; default: readonly string[] } => ({ key: `${name}:list`, default: [] }),
  {
    expose: "write",
  },
);

/** Rows of all tests; each has lists of its own. */
export type LabRow = { readonly list: string; readonly rank: number; readonly title: string };

const labRow: StandardSchema<LabRow> = {
  "~standard": {
    version: 1,
    vendor: "kawa-lab",
    validate: (value) => {
      const { list, rank, title } = value as Partial<LabRow>;
      if (typeof list !== "string" || typeof rank !== "number" || typeof title !== "string")
        return { issues: [{ message: "That is no row." }] };
      return title === "" ? { issues: [{ message: "A title is needed." }] } : { value: { list, rank, title } };
    },
  },
};

export const labRows = collection<LabRow>(lab, "rows", {
  schema: labRow,
  indexes: { byList: ["list", "rank"] },
  expose: "write",
});
