import { connect } from "node:net";

/** URL of a Redis for tests; undefined where none answers, so that its tests are skipped. In CI that is an error. */
export function redisUrl(): Promise<string | undefined> {
  return probe({ name: "Redis", variable: "TEST_REDIS_URL", otherwise: "redis://127.0.0.1:6379", port: 6379 });
}

/** As {@link redisUrl}, for a PostgreSQL whose user may create databases. */
export function postgresUrl(): Promise<string | undefined> {
  const otherwise = "postgresql://postgres@127.0.0.1:5432/test?sslmode=disable";
  return probe({ name: "PostgreSQL", variable: "TEST_POSTGRES_URL", otherwise, port: 5432 });
}

type Service = { readonly name: string; readonly variable: string; readonly otherwise: string; readonly port: number };

async function probe({ name, variable, otherwise, port }: Service): Promise<string | undefined> {
  const url = process.env[variable] ?? otherwise;
  const { hostname, port: ownPort, host } = new URL(url);
  if (await answers(hostname, Number(ownPort || port))) return url;
  const message = `No ${name} answers at ${host}. Start one there, or set ${variable}.`;
  if (process.env["CI"]) throw new Error(message);
  console.warn(`Tests skipped: ${message}`);
  return undefined;
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 });
    const end = (isThere: boolean) => () => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false));
  });
}
