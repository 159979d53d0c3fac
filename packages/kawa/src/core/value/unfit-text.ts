/** A text that stands for a value that cannot be shown, and says why. It is sent to browsers and never stored. */
export function unfitText(code: string): string {
  return `[["unfit","${code}"]]`;
}

/** The code in such a text; undefined for the text of a value. */
export function unfitCode(text: string): string | undefined {
  return /^\[\["unfit","([A-Z_]+)"\]\]$/.exec(text)?.[1];
}
