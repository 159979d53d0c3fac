import { type Backend, type Change, knownBackends, onKnownBackend } from "../../core/backend/backend.ts";
import { formatVersion, type ShownVersions, toShownVersions, type Version } from "../../core/value/version.ts";
import { ChangeLog } from "./change-log.ts";
import type { WatchTarget } from "./watch.ts";

type Followed = {
  readonly backend: Backend;
  log: ChangeLog;
  /** Name of its history, under which it is found. */
  epoch: string;
  /** The newest version that tabs were told, with its text. */
  told: Version & { readonly text: string };
  readonly unsubscribe: () => void;
};

/** Hears of the changes of all backends of this process. There may be thousands: what is asked about a few looks at those alone. */
export class FollowedBackends {
  readonly #byId = new Map<string, Followed>();
  /** Backends by the history that they have. */
  readonly #byEpoch = new Map<string, Backend>();
  readonly #onChange: (backend: Backend, change: Change) => void;
  /** Made once for all who ask until something changes. */
  #versions: ShownVersions | undefined;

  constructor(onChange: (backend: Backend, change: Change) => void) {
    this.#onChange = onChange;
    for (const backend of knownBackends().values()) this.#follow(backend);
    onKnownBackend((id, backend) => {
      this.#unfollow(id);
      if (backend) this.#follow(backend);
    });
  }

  get(id: string): Backend | undefined {
    return this.#byId.get(id)?.backend;
  }

  /** Undefined for a backend that is not registered any more. */
  logOf(backend: Backend): ChangeLog | undefined {
    const followed = this.#byId.get(backend.id);
    return followed?.backend === backend ? followed.log : undefined;
  }

  get size(): number {
    return this.#byId.size;
  }

  *all(): Iterable<Backend> {
    for (const { backend } of this.#byId.values()) yield backend;
  }

  /** Versions that this process has reached. */
  get versions(): ShownVersions {
    if (this.#versions) return this.#versions;
    const versions = Array.from(this.#byEpoch.values(), ({ version }) => version);
    return (this.#versions = toShownVersions(versions.filter(({ epoch }) => epoch !== "")));
  }

  /** Backends of which something is shown, as far as that is known, and as far as they are backends of this process. */
  *shownBy(target: Pick<WatchTarget, "render" | "versions">): Iterable<Backend> {
    const { render, versions } = target;
    if (render) {
      for (const id of new Set([...render.keys.keys(), ...render.versions.keys()])) {
        const backend = this.get(id);
        if (backend) yield backend;
      }
      return;
    }
    for (const epoch of Object.keys(versions)) {
      const backend = this.ofEpoch(epoch);
      if (backend) yield backend;
    }
  }

  ofEpoch(epoch: string): Backend | undefined {
    const backend = this.#byEpoch.get(epoch);
    return backend?.version.epoch === epoch ? backend : undefined;
  }

  /** The versions of some backends, as text. It is asked for at each change and tab, so each text is made once. */
  formatVersions(backends: Iterable<Backend>): string {
    const texts: string[] = [];
    for (const backend of backends) {
      const followed = this.#byId.get(backend.id);
      const { version } = backend;
      if (!followed || version.epoch === "") continue;
      if (!isSame(followed.told, version)) followed.told = { ...version, text: formatVersion(version) };
      texts.push(followed.told.text);
    }
    return texts.join(";");
  }

  #follow(backend: Backend): void {
    // Who watches is asked where a backend may rest.
    const unsubscribe = backend.onChange((change) => this.#note(backend, change), { isPassive: true });
    const followed: Followed = {
      backend,
      log: new ChangeLog(backend.version),
      epoch: "",
      told: { epoch: "", seq: 0, text: "" },
      unsubscribe,
    };
    this.#byId.set(backend.id, followed);
    this.#noteEpoch(followed);
  }

  #unfollow(id: string): void {
    const followed = this.#byId.get(id);
    if (!followed) return;
    followed.unsubscribe();
    this.#byId.delete(id);
    this.#forgetEpoch(followed);
  }

  #note(backend: Backend, change: Change): void {
    this.#versions = undefined;
    const followed = this.#byId.get(backend.id)!;
    // No keys: the backend is connected for the first time, or has another history.
    if (change.keys.length > 0) followed.log.add(change);
    else {
      followed.log = new ChangeLog(change.version);
      this.#noteEpoch(followed);
    }
    this.#onChange(backend, change);
  }

  #noteEpoch(followed: Followed): void {
    this.#forgetEpoch(followed);
    followed.epoch = followed.backend.version.epoch;
    if (followed.epoch !== "") this.#byEpoch.set(followed.epoch, followed.backend);
  }

  #forgetEpoch({ backend, epoch }: Followed): void {
    this.#versions = undefined;
    if (this.#byEpoch.get(epoch) === backend) this.#byEpoch.delete(epoch);
  }
}

function isSame(one: Version, other: Version): boolean {
  return one.seq === other.seq && one.epoch === other.epoch;
}
