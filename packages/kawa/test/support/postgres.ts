import { randomUUID } from "node:crypto";
import postgres from "postgres";

export type TestPostgres = {
  /** For `RIVET__POSTGRES__URL`. */
  readonly url: string;
  drop(): Promise<void>;
};

/** Makes an empty database beside the one of `url`. */
export async function createPostgresDatabase(url: string): Promise<TestPostgres> {
  const name = `kawa_test_${randomUUID().replaceAll("-", "")}`;
  await run(url, `CREATE DATABASE ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  // Engines may still be connected.
  return { url: own.href, drop: () => run(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function run(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
