import { onTestFinished } from "vitest";
import { hostedServices } from "../../src/rivetkit/wire/hosted-services.ts";
import { RivetBackend } from "../../src/rivetkit/replica/rivet-backend.ts";
import type { FakeActor } from "./fake-actor.ts";

/** Where the code of the test runs, seen from the actor. */
export type Place = "beside the actor" | "in another process";

/** Starts an actor, and gives a backend over it. Both are closed when the test ends. */
export async function backendOf(actor: FakeActor, place: Place, actorId = "global"): Promise<RivetBackend> {
  await actor.start();
  if (place === "beside the actor") hostedServices.set(actor.store.instance, actor.service);
  const backend = new RivetBackend({ actorName: "reactiveState", actorId });
  onTestFinished(async () => {
    await backend.close();
    await actor.service.close();
  });
  return backend;
}
