/** The keys that a request for values names. */
export function keysOf(url: string): string[] {
  return JSON.parse(new URL(url, "http://127.0.0.1").searchParams.get("keys")!) as string[];
}
