"use client";
import { memberIdsOf, publicMessage, useReactive, usePresence } from "kawa";
import { useState } from "react";
import { labResidents, labVisitors } from "../../../lib/signals.ts";

type VisitorProps = { room: string; name: string | undefined; isResident: boolean };

/** Shows how many are here, and keeps the visitor among them. */
export function Visitor({ room, name, isResident }: VisitorProps) {
  const people = isResident ? labResidents : labVisitors;
  const [isHere, setIsHere] = useState(true);
  return (
    <>
      <output data-testid="client-here">{useReactive(memberIdsOf(people, { room })).length}</output>
      {name === undefined ? null : (
        <button type="button" onClick={() => setIsHere(!isHere)}>
          {isHere ? "Leave" : "Come back"}
        </button>
      )}
      {name !== undefined && isHere ? <Present people={people} room={room} name={name} /> : null}
    </>
  );
}

function Present({ people, room, name }: { people: typeof labVisitors; room: string; name: string }) {
  const [mood, setMood] = useState("");
  const { error } = usePresence((tab) => people({ room, tab }), name + mood);
  return (
    <>
      <button type="button" onClick={() => setMood(`${mood}!`)}>
        Cheer
      </button>
      {error === undefined ? null : <p role="alert">{publicMessage(error)}</p>}
    </>
  );
}
