/** Where the actors of this app are reached. */
export type EngineTarget = {
  readonly endpoint: string;
  readonly namespace: string | undefined;
  /** Token of an embedded engine. Another engine may have one in its address. */
  readonly token: string | undefined;
};

/** The options of RivetKit's clients and runners that name an engine. */
export function accessOf({ endpoint, namespace, token }: EngineTarget): {
  endpoint: string;
  namespace?: string;
  token?: string;
} {
  return { endpoint, ...(namespace === undefined ? {} : { namespace }), ...(token === undefined ? {} : { token }) };
}
