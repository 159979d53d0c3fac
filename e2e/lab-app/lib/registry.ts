import { reactiveRegistry, reactiveStateActor } from "kawa/rivetkit";
import { setup } from "rivetkit";

/** In seconds: as on a platform whose functions last so long. */
const lifespan = Number(process.env["LAB_LIFESPAN"] ?? 0);

const url = `${process.env["KAWA_URL"]}/api/rivet`;

export const registry = lifespan
  ? setup({
      use: { reactiveState: reactiveStateActor },
      noWelcome: true,
      configurePool: { url, requestLifespan: lifespan, drainGracePeriod: 3 },
    })
  : reactiveRegistry;

/** What each stream of a browser lasts there, in milliseconds. */
export const maxStreamMs = Number(process.env["LAB_STREAM_MS"] ?? 0);
