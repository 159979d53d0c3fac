import { namespace } from "kawa";

const lab = namespace("lab");

/** A number for each test: tests that share no name do not disturb each other. */
export const labCounter = lab.family((name: string) => ({ key: `${name}:counter`, default: 0 }));
