/** Where the actors of this app are reached. */
export type EngineTarget = {
  readonly endpoint: string;
  readonly namespace: string | undefined;
  /** That of an embedded engine. Another may have one in its address. */
  readonly token: string | undefined;
};

/** How RivetKit's clients and runners are told of an engine. */
export function accessOf({ endpoint, namespace, token }: EngineTarget): {
  endpoint: string;
  namespace?: string;
  token?: string;
} {
  return { endpoint, ...(namespace === undefined ? {} : { namespace }), ...(token === undefined ? {} : { token }) };
}
