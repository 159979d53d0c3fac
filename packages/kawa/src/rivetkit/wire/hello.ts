import type { Hooked } from "./protocol.ts";

/** What an actor says to a server that has proved itself. */
export type Hello = {
  epoch: string;
  seq: number;
  instance: string;
  hooked: Hooked;
  takesFrames?: true;
  takesChanges?: true;
  challenge?: undefined;
};

/** The clocks of the two machines differ: the hello is to be said again, with a proof that is made for this challenge. */
export type Challenge = { challenge: string };
