/** Where the tabs of a browser tell each other who looks. */
const storageKey = "kawa-identity";

let current: string | undefined;
let onOther: () => void = () => {};
/** A render of an earlier visitor that comes within this time is a late one. After it, that visitor is back. In milliseconds. */
const lateMs = 30_000;
/** The visitor, as far as this tab has heard. */
let latest: string | undefined;
/** When each earlier visitor was replaced. */
const leftAt = new Map<string, number>();

/**
 * Tells other tabs who looks at this one, and calls `onOtherVisitor` when another tab tells another visitor. Loaded after the page: a page
 * that is restored from memory is compared too, and is loaded anew before it shows what the one before was allowed to see.
 */
export function guardIdentity(identity: string, onOtherVisitor: () => void): void {
  const isFirst = current === undefined;
  current = identity;
  onOther = onOtherVisitor;
  note(identity);
  write(identity);
  if (!isFirst) return;
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== storageKey || newValue === null || newValue === latest || isLate(newValue)) return;
    note(newValue);
    onOther();
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted || read() === current) return;
    document.documentElement.replaceChildren();
    location.reload();
  });
}

function note(identity: string): void {
  if (latest !== undefined && latest !== identity) leftAt.set(latest, performance.now());
  latest = identity;
}

function isLate(identity: string): boolean {
  return performance.now() - (leftAt.get(identity) ?? Number.NEGATIVE_INFINITY) < lateMs;
}

/** Without storage, tabs cannot tell each other who looks: a restored page is loaded again. */
function read(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

function write(identity: string): void {
  try {
    localStorage.setItem(storageKey, identity);
  } catch {
    // Without storage the other tabs hear it from their streams, which end with the session.
  }
}
