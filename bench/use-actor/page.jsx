import { createRivetKit } from "@rivetkit/react";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

// `bench/use-actor.ts` bundles it, with where the engine is.
const { useActor } = createRivetKit({
  endpoint: ENGINE,
  token: ENGINE_TOKEN,
  poolName: "use-actor",
  disableMetadataLookup: true,
});

function Score() {
  const { connection, useEvent } = useActor({ name: "score", key: ["one"] });
  const [score, setScore] = useState();
  useEffect(() => {
    if (!connection) return;
    globalThis.write = (value) => connection.set(value);
    connection.get().then(setScore);
  }, [connection]);
  useEvent("score", setScore);
  return score === undefined ? null : <p id="score">{score}</p>;
}

createRoot(document.getElementById("root")).render(<Score />);
