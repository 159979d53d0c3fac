/** The only reader of the environment in this app. Read at use, never at import. */
export const env = {
  /** Serves the pages below `/lab`, which the end-to-end tests use. */
  get isLab(): boolean {
    return process.env.KAWA_LAB === "1";
  },
};
