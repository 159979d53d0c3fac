import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { serveOperations } from "./forked.ts";

// What people write without Kawa: a row in SQLite for each request, on the disk before the answer.

const operations = {
  async listen(path: string): Promise<number> {
    const database = new DatabaseSync(path);
    database.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE texts (key TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID",
    );
    const upsert = database.prepare(
      "INSERT INTO texts (key, text) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET text = excluded.text",
    );
    const server = createServer((request, response) => {
      let text = "";
      request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      request.on("end", () => {
        upsert.run(request.url!, text);
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  },
};

export type Operations = typeof operations;

serveOperations(operations);
