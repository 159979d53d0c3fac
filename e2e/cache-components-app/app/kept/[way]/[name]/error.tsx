"use client";
import type { ReactElement } from "react";

export default function Failed(): ReactElement {
  return <p role="alert">failed</p>;
}
