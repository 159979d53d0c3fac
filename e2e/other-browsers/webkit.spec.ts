import { testBehaviours } from "./behaviours.ts";
import { findWebKit, missingWebKit } from "./find.ts";
import { launchWebKit } from "./webkit.ts";

testBehaviours({
  name: "webkit",
  missing: findWebKit() ? undefined : missingWebKit,
  launch: launchWebKit,
  keepsDocuments: true,
});
