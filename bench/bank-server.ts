import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import postgres from "postgres";
import { namespace, transaction } from "kawa";
import { initReactiveBackend } from "kawa/rivetkit";
import { host } from "../packages/kawa/src/rivetkit/host/host.ts";
import { accountCount, makeTransfers, startBalance, type TransferLoad, type Transfers } from "./accounts.ts";
import { serveOperations } from "./forked.ts";
import { registry } from "./registry.ts";

// A process with a bank, also behind node:http, which keeps its accounts in Kawa, in SQLite or in PostgreSQL. Each transfer is durable when it
// is answered.

type Transfer = (from: number, to: number) => Promise<void> | void;
type Bank = {
  readonly transfer: Transfer;
  readonly sum: () => Promise<number> | number;
  readonly close: () => Promise<void> | void;
};

const bankUrl = "postgres://postgres@127.0.0.1:5432/postgres";
const table = `kawa_bench_${process.pid}`;

const banks: Record<string, () => Promise<Bank>> = {
  async kawa() {
    await host().start();
    const backend = initReactiveBackend({ registry, actorId: "bank", global: false });
    const bank = namespace("bank", { backend });
    const account = bank.family((id: number) => ({ key: `${id}`, default: startBalance }));
    for (let first = 0; first < accountCount; first += 5_000) {
      const some = Array.from({ length: Math.min(5_000, accountCount - first) }, (_, at) => account(first + at));
      await Promise.all(some.map((one) => one.set(startBalance)));
    }
    return {
      transfer: (from, to) =>
        transaction(async (tx) => {
          const [before, after] = [await tx.get(account(from)), await tx.get(account(to))];
          tx.set(account(from), before - 1);
          tx.set(account(to), after + 1);
        }),
      sum: async () => [...(await bank.entries()).values()].reduce<number>((sum, one) => sum + (one as number), 0),
      close: () => host().stop(),
    };
  },
  async sqlite() {
    const db = new DatabaseSync(join(process.env["KAWA_DATA_DIR"]!, "bank.sqlite"));
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    db.exec("CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)");
    const insert = db.prepare("INSERT INTO account VALUES (?, ?)");
    db.exec("BEGIN");
    for (let id = 0; id < accountCount; id += 1) insert.run(id, startBalance);
    db.exec("COMMIT");
    const get = db.prepare("SELECT balance FROM account WHERE id = ?");
    const set = db.prepare("UPDATE account SET balance = ? WHERE id = ?");
    const balanceOf = (id: number): number => (get.get(id) as { balance: number }).balance;
    return {
      transfer(from, to) {
        db.exec("BEGIN IMMEDIATE");
        const [before, after] = [balanceOf(from), balanceOf(to)];
        set.run(before - 1, from);
        set.run(after + 1, to);
        db.exec("COMMIT");
      },
      sum: () => (db.prepare("SELECT sum(balance) AS sum FROM account").get() as { sum: number }).sum,
      close: () => db.close(),
    };
  },
  async postgres() {
    const sql = postgres(bankUrl, { max: 32, onnotice: () => {} });
    await sql.unsafe(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, balance BIGINT NOT NULL)`);
    await sql.unsafe(
      `INSERT INTO ${table} SELECT id, ${startBalance} FROM generate_series(0, ${accountCount - 1}) AS id`,
    );
    return {
      async transfer(from, to) {
        await sql.begin(async (tx) => {
          // In one order, so that no two wait for each other.
          const rows = await tx.unsafe(
            `SELECT id, balance FROM ${table} WHERE id IN (${from}, ${to}) ORDER BY id FOR UPDATE`,
          );
          const balances = new Map(rows.map((row) => [Number(row["id"]), Number(row["balance"])]));
          await tx.unsafe(`UPDATE ${table} SET balance = ${balances.get(from)! - 1} WHERE id = ${from}`);
          await tx.unsafe(`UPDATE ${table} SET balance = ${balances.get(to)! + 1} WHERE id = ${to}`);
        });
      },
      sum: async () => Number((await sql.unsafe(`SELECT sum(balance) AS sum FROM ${table}`))[0]!["sum"]),
      async close() {
        await sql.unsafe(`DROP TABLE ${table}`);
        await sql.end();
      },
    };
  },
};

let bank: Bank | undefined;
let server: Server | undefined;

const operations = {
  /** Opens the bank, and gives the port at which it makes transfers. */
  async open(kind: string): Promise<number> {
    const { transfer } = (bank = await banks[kind]!());
    server = createServer((request, response) => {
      const [, from, to] = request.url!.split("/");
      Promise.resolve()
        .then(() => transfer(Number(from), Number(to)))
        .then(
          () => response.writeHead(204).end(),
          (error: unknown) => response.writeHead(500).end(String(error)),
        );
    });
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  },
  /** Makes transfers, and counts them. */
  async transfers(load: TransferLoad): Promise<Transfers> {
    return makeTransfers(load, bank!.transfer);
  },
  /** The sum of all accounts. */
  async sum(): Promise<number> {
    return bank!.sum();
  },
  async close(): Promise<void> {
    server?.closeAllConnections();
    server?.close();
    await bank?.close();
  },
};

export type BankOperations = typeof operations;

serveOperations(operations);
