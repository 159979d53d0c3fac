import type { OperationOptions } from "../../core/backend/backend.ts";
import { wasListed } from "../../core/memory/build-backend.ts";
import { inTurn } from "../../core/process/turn-budget.ts";
import { currentHook } from "../hooks/hook-chain.ts";
import type { Requests, Row } from "../wire/protocol.ts";
import type { ActorLink } from "./actor-link.ts";
import type { BuildTime } from "./build-time.ts";
import { listRows, valuesOf } from "./list-rows.ts";

export type ListedKeysOptions = {
  readonly link: ActorLink;
  readonly build: BuildTime;
  readonly timeoutMs: number;
  readonly contextOf: (options: OperationOptions | undefined) => Promise<string | undefined>;
};

/** Asks the actor which keys there are. */
export class ListedKeys {
  readonly #options: ListedKeysOptions;

  constructor(options: ListedKeysOptions) {
    this.#options = options;
  }

  async keys(prefix: string, options?: OperationOptions): Promise<readonly string[]> {
    const rows = await this.#list({ prefix, withValues: false, after: "" }, options);
    return rows.map(([key]) => key);
  }

  async entries(prefix: string, options?: OperationOptions): Promise<ReadonlyMap<string, unknown>> {
    return valuesOf(await this.#list({ prefix, withValues: true, after: "" }, options));
  }

  #list(first: Requests["list"], options: OperationOptions | undefined): Promise<Row[]> {
    const { link, build, timeoutMs, contextOf } = this.#options;
    const list = async (): Promise<Row[]> => {
      build.refuse(() => wasListed(first.prefix));
      const context = contextOf(options);
      return listRows(first, { link, context, from: currentHook(), timeoutMs });
    };
    return build.isNow ? list() : inTurn(list);
  }
}
