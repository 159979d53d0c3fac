"use client";
import type { ReactElement } from "react";

export default function ErrorPage(): ReactElement {
  return <p role="alert">error</p>;
}
