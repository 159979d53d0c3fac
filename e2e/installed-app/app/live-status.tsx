"use client";
import { useLiveStatus } from "kawa/next/client";

export function LiveStatus() {
  return <p id="status">{useLiveStatus().state}</p>;
}
