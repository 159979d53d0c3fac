/** Shows a value in a message, also one that JSON cannot hold. */
export function show(value: unknown): string {
  try {
    return clip(JSON.stringify(value) ?? String(value));
  } catch {
    return clip(value);
  }
}

/** Cuts an offending value to 80 characters, so that an error message stays readable. */
export function clip(value: unknown): string {
  const text = String(value);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
