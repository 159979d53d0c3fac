/** Where an engine is, and the token that it asks for. */
type Engine = { readonly endpoint: string; readonly token: string | undefined };
type Question = { readonly method?: string; readonly body?: object | undefined; readonly signal: AbortSignal };

/** Calls the API of an engine with its token. Rejects when the engine does not answer. */
export function askEngine({ endpoint, token }: Engine, path: string, question: Question): Promise<Response> {
  const { body, method = body ? "POST" : "GET", signal } = question;
  return fetch(endpoint + path, {
    method,
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
  });
}
