import { actor, type AnyActorDefinition } from "rivetkit";

type Config = Record<string, unknown>;
type Callable = (...args: unknown[]) => unknown;

/**
 * An actor that runs the newest version of its code. RivetKit takes the functions of a definition once, when the runner
 * starts; after an edit in development this one goes on with the new functions, without a new runner.
 */
export class LiveDefinition {
  #config: Config;
  readonly shape: string;
  readonly definition: AnyActorDefinition;

  constructor(definition: AnyActorDefinition) {
    this.#config = definition.config as Config;
    this.shape = shapeOf(this.#config);
    this.definition = actor(this.#wrap(this.#config, []) as never) as AnyActorDefinition;
  }

  /** Takes over the code of an edited definition. False when it has other actions or options: then a runner is needed. */
  replace(definition: AnyActorDefinition): boolean {
    const config = definition.config as Config;
    if (shapeOf(config) !== this.shape) return false;
    this.#config = config;
    return true;
  }

  #wrap(config: Config, path: readonly string[]): Config {
    return Object.fromEntries(
      Object.entries(config).map(([name, value]) => {
        const here = [...path, name];
        if (isFunction(value)) return [name, this.#forward(here, value)];
        return [name, isBranch(here, value) ? this.#wrap(value as Config, here) : value];
      }),
    );
  }

  #forward(path: readonly string[], target: Callable): Callable {
    const forward: Callable = (...args) => this.#at(path)(...args);
    // RivetKit marks functions: a workflow says with a symbol how it is inspected.
    return Object.defineProperties(forward, Object.getOwnPropertyDescriptors(target));
  }

  #at(path: readonly string[]): Callable {
    return path.reduce<unknown>((at, name) => (at as Config)[name], this.#config) as Callable;
  }
}

/** Only hooks and actions are functions to exchange; `options`, `db` and the rest are taken as they are. */
function isBranch(path: readonly string[], value: unknown): boolean {
  return path[0] === "actions" && typeof value === "object" && value !== null;
}

function isFunction(value: unknown): value is Callable {
  return typeof value === "function";
}

function shapeOf(config: Config, path: readonly string[] = []): string {
  return Object.entries(config)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => {
      if (isBranch([...path, name], value)) return `${name}{${shapeOf(value as Config, [...path, name])}}`;
      return name === "options" ? `${name}=${JSON.stringify(value)}` : name;
    })
    .join(",");
}
