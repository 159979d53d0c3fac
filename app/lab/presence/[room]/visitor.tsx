"use client";
import { memberIdsOf, publicMessage, useReactive, usePresence } from "kawa";
import { useState } from "react";
import { labVisitors } from "@/lib/lab-signals";

/** Shows how many are here, and keeps the visitor among them. */
export function Visitor({ room, name }: { room: string; name: string | undefined }) {
  const [isHere, setIsHere] = useState(true);
  return (
    <>
      <output data-testid="client-here">{useReactive(memberIdsOf(labVisitors, { room })).length}</output>
      {name === undefined ? null : (
        <button type="button" onClick={() => setIsHere(!isHere)}>
          {isHere ? "Leave" : "Come back"}
        </button>
      )}
      {name !== undefined && isHere ? <Present room={room} name={name} /> : null}
    </>
  );
}

function Present({ room, name }: { room: string; name: string }) {
  const [mood, setMood] = useState("");
  const { error } = usePresence((tab) => labVisitors({ room, tab }), name + mood);
  return (
    <>
      <button type="button" onClick={() => setMood(`${mood}!`)}>
        Cheer
      </button>
      {error === undefined ? null : <p role="alert">{publicMessage(error)}</p>}
    </>
  );
}
