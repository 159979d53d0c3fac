import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { type Instruction, parseDockerfile } from "./dockerfile.ts";
import { inRoot, makeRoot, nodeUser } from "./root-folder.ts";

/** A stage of a Dockerfile, as a folder. */
type Image = {
  readonly root: string;
  workdir: string;
  user: number;
  readonly env: Record<string, string>;
  readonly volumes: string[];
  command: string[];
};

type Context = {
  /** What `docker build` is given. */
  readonly folder: string;
  /** Names in the `.dockerignore`. */
  readonly ignored: readonly string[];
  /** Files that the first stage has at their path on this machine: packages that no registry has yet. */
  readonly packages: readonly string[];
};

/** Plays `docker build`, line by line, with folders in place of layers. Each line has to be understood. Returns the last stage. */
export class ImageBuild {
  readonly #context: Context;
  readonly #stages: (Image & { readonly name: string | undefined })[] = [];

  constructor(context: Context) {
    this.#context = context;
  }

  run(dockerfile: string): Image {
    for (const instruction of parseDockerfile(dockerfile)) this.#follow(instruction);
    return this.#stage;
  }

  delete(): void {
    for (const { root } of this.#stages) rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }

  get #stage(): Image {
    const stage = this.#stages.at(-1);
    if (!stage) throw new Error("A Dockerfile begins with FROM.");
    return stage;
  }

  #follow({ name, flags, text }: Instruction): void {
    switch (name) {
      case "FROM":
        return this.#begin(text);
      case "WORKDIR":
        this.#stage.workdir = resolve(this.#stage.workdir, text);
        mkdirSync(join(this.#stage.root, this.#stage.workdir), { recursive: true });
        return;
      case "ENV":
        for (const [, key, value] of text.matchAll(/(\w+)=(\S+)/g)) this.#stage.env[key!] = value!;
        return;
      case "COPY":
        return this.#copy(text.split(/\s+/), flags["from"]);
      case "RUN":
        return this.#execute(text, flags["mount"]);
      case "USER":
        this.#stage.user = text === "node" ? nodeUser : Number(text);
        return;
      case "VOLUME":
        this.#stage.volumes.push(text);
        return;
      case "EXPOSE":
        return;
      case "CMD":
        this.#stage.command = JSON.parse(text) as string[];
        return;
      default:
        throw new Error(`The Dockerfile has an instruction that the test does not know: ${name} ${text}`);
    }
  }

  #begin(text: string): void {
    const [, base, name] = /^(\S+)(?: AS (\S+))?$/i.exec(text) ?? [];
    if (!base?.startsWith("node:")) throw new Error(`The test has a root folder with Node, and none of ${base}.`);
    const root = mkdtempSync(join(tmpdir(), "kawa-image-"));
    makeRoot(root);
    if (this.#stages.length === 0) for (const path of this.#context.packages) cpSync(path, join(root, path));
    this.#stages.push({ name, root, workdir: "/", user: 0, env: {}, volumes: [], command: [] });
  }

  #copy(paths: readonly string[], from: string | undefined): void {
    const { root, workdir } = this.#stage;
    const stage = from === undefined ? undefined : this.#stages.find(({ name }) => name === from);
    if (from !== undefined && !stage) throw new Error(`There is no stage "${from}".`);
    const source = stage?.root ?? this.#context.folder;
    const target = join(root, resolve(workdir, paths.at(-1)!));
    const isIgnored = (path: string): boolean =>
      !stage && this.#context.ignored.includes(path.slice(source.length + 1));
    for (const path of paths.slice(0, -1)) {
      const each = join(source, path);
      const place = statSync(each).isDirectory() ? target : join(target, basename(each));
      cpSync(each, place, { recursive: true, verbatimSymlinks: true, filter: (file) => !isIgnored(file) });
    }
  }

  #execute(command: string, mount: string | undefined): void {
    const { root, workdir, env, user } = this.#stage;
    const cache = /type=cache,target=(\S+)/.exec(mount ?? "")?.[1];
    if (mount !== undefined && cache === undefined) throw new Error(`The test knows caches, and not --mount=${mount}.`);
    const volumes = cache === undefined ? {} : { [cache]: join(homedir(), basename(cache)) };
    const [program, ...args] = inRoot(root, {
      cwd: workdir,
      command: ["sh", "-c", command],
      // How the machine reaches the network.
      env: { ...networkOf(process.env), ...env },
      user,
      volumes,
    });
    const { status, stdout, stderr } = spawnSync(program!, args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
    if (status !== 0) throw new Error(`RUN ${command} failed (${status}):\n${stdout}\n${stderr}`);
  }
}

function networkOf(environment: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(environment).filter(([name]) =>
    /CERT|_proxy$|CA_BUNDLE|npm_config_registry/i.test(name),
  );
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Tarballs that `package.json` names by their path on this machine, which a registry would have: they are put where it names them. */
export function unpublished(app: string): string[] {
  const { dependencies } = JSON.parse(readFileSync(join(app, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return Object.values(dependencies)
    .filter((version) => version.startsWith("file:/"))
    .map((version) => version.slice("file:".length))
    .filter((path) => existsSync(path));
}
