"use client";
import { Component, type ReactNode } from "react";

/** Shows the digest of an error, by which the server's log names it. */
export class Try extends Component<{ children: ReactNode }, { message?: string }> {
  override state: { message?: string } = {};

  static getDerivedStateFromError(error: Error): { message: string } {
    return { message: error.message };
  }

  override render(): ReactNode {
    return this.state.message === undefined ? this.props.children : <p role="alert">{this.state.message}</p>;
  }
}
