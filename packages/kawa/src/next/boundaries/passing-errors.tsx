"use client";
import { Component, type ReactNode } from "react";

type Props = { onError: () => void; children: ReactNode };
type State = { readonly failure?: { readonly error: unknown } };

/** Notes an error on its way to a boundary above. */
export class PassingErrors extends Component<Props, State> {
  override state: State = {};

  static getDerivedStateFromError(error: unknown): State {
    return { failure: { error } };
  }

  override render(): ReactNode {
    const { failure } = this.state;
    if (!failure) return this.props.children;
    // Who listens may render.
    queueMicrotask(this.props.onError);
    throw failure.error;
  }
}
