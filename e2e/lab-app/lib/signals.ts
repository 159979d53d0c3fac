import { namespace } from "kawa";

const lab = namespace("lab");

/** A number for each test: tests that share no name do not disturb each other. */
export const labCounter = lab.family((name: string) => ({ key: `${name}:counter`, default: 0 }), { expose: "write" });

/** Two of them are shown together. */
export const labPair = lab.family((name: string) => ({ key: `${name}:pair`, default: 0 }), { expose: "write" });

export const labList = lab.family(
  (name: string): { key: string; default: readonly string[] } => ({ key: `${name}:list`, default: [] }),
  {
    expose: "write",
  },
);
