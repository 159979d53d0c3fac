import { isKawaError } from "../../core/errors/errors.ts";
import type { Version } from "../../core/value/version.ts";
import { type ActorActionsOptions, type Commit, createActorActions } from "./actor-actions.ts";
import {
  type ActionName,
  type ActionParams,
  type ActionResult,
  type AnyHooks,
  type HookedCall,
  runHooks,
} from "../hooks/hooks.ts";
import { refusal } from "../wire/refusal.ts";

export type ActorCall<N extends ActionName> = Omit<HookedCall<N>, "hooks"> & {
  readonly commit: Commit;
  /** The version of who reads a snapshot. Hooks hear nothing of it. */
  readonly at?: Version | undefined;
};

/** The actions of an actor inside of their hooks. */
export class ActorCalls {
  readonly #settings: ActorActionsOptions["settings"];
  readonly #actions: ReturnType<typeof createActorActions>;

  constructor(options: ActorActionsOptions) {
    this.#settings = options.settings;
    this.#actions = createActorActions(options);
  }

  get hooks(): AnyHooks {
    return this.#settings().hooks;
  }

  get maxValueBytes(): number {
    return this.#settings().maxValueBytes;
  }

  /** @throws {KawaError} ACTION_REFUSED - a hook threw; what the action itself throws */
  async act<N extends ActionName>(call: ActorCall<N>): Promise<ActionResult<N>> {
    const { c, name, params, commit, at, chain } = call;
    let failure: unknown;
    const action = async (given: ActionParams<N>): Promise<ActionResult<N>> => {
      try {
        return await this.#actions[name]({ c, params: given, commit, at, chain });
      } catch (error) {
        throw (failure = error);
      }
    };
    try {
      return await runHooks({ hooks: this.hooks, c, name, params, chain }, action);
    } catch (error) {
      throw error === failure && isKawaError(error) ? error : refusal(error);
    }
  }
}
