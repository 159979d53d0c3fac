import { request as httpRequest, type IncomingHttpHeaders } from "node:http";

/** A request to a server of this machine, by a connection of its own. */
export type Ask = {
  readonly port: number;
  /** Address of the client, one of 127.0.0.0/8: the server tells clients apart by it. */
  readonly from: string;
  /** @default "GET" */
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
};

export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string };

/** Rejects when the whole answer is not there in time. */
export function ask({ port, from, method = "GET", path, headers = {}, body, timeoutMs }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const request = httpRequest({
      host: "127.0.0.1",
      port,
      localAddress: from,
      method,
      path,
      headers: { ...length, ...headers },
      agent: false,
    });
    const overdue = setTimeout(() => request.destroy(new Error("no answer")), timeoutMs);
    request.on("error", (error) => {
      clearTimeout(overdue);
      reject(error);
    });
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        clearTimeout(overdue);
        resolve({ status: response.statusCode!, headers: response.headers, text: Buffer.concat(chunks).toString() });
      });
    });
    request.end(body);
  });
}

export function jsonHeaders(cookie?: string): Record<string, string> {
  return { "content-type": "application/json", ...(cookie === undefined ? {} : { cookie }) };
}

/** Opens a page as a browser does that comes for the first time. Returns its session's cookie. */
export async function newSession(asked: Pick<Ask, "port" | "from" | "timeoutMs">): Promise<string> {
  const { headers } = await ask({ ...asked, path: "/", headers: { accept: "text/html" } });
  const [cookie] = headers["set-cookie"]?.map((text) => text.split(";")[0]!) ?? [];
  if (cookie === undefined) throw new Error("A first visitor got no session.");
  return cookie;
}
