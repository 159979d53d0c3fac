/** Where the tabs of a browser tell each other who looks. */
const storageKey = "kawa-identity";

let current: string | undefined;
let onOther: () => void = () => {};
/** A late render of who looked before is no news. */
const known = new Set<string>();

/**
 * Says who looks at this tab now, and calls `onSomebodyElse` when another tab says that it is somebody else. Loaded after the page: a
 * page that is restored from memory is compared too, and is loaded anew before it shows what the one before was allowed to see.
 */
export function guardIdentity(identity: string, onSomebodyElse: () => void): void {
  const isFirst = current === undefined;
  current = identity;
  onOther = onSomebodyElse;
  known.add(identity);
  write(identity);
  if (!isFirst) return;
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== storageKey || newValue === null || known.has(newValue)) return;
    known.add(newValue);
    onOther();
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted || read() === current) return;
    document.documentElement.replaceChildren();
    location.reload();
  });
}

/** A browser that keeps nothing tells nobody: its restored pages are loaded anew. */
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
    // The streams of the other tabs end with the session.
  }
}
