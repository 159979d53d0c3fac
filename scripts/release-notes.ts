export const releaseKinds = ["major", "minor", "patch"] as const;

export function nextVersion(current: string, kind: (typeof releaseKinds)[number]): string {
  const parts = /^(\d+)\.(\d+)\.(\d+)$/.exec(current);
  if (parts === null) throw new Error(`The version ${current} is not of the form 1.2.3.`);
  const [major, minor, patch] = parts.slice(1).map(Number) as [number, number, number];
  if (kind === "major") return `${major + 1}.0.0`;
  return kind === "minor" ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

/** What the next release changes is what stands between "Unreleased" and the release before. */
export function splitChangelog(text: string): { before: string; changes: string; after: string } {
  const parts = /^(.*?^## Unreleased)$(.*?)(^## .*)?$(?![^])/ms.exec(text);
  if (parts === null) throw new Error('CHANGELOG.md has no section "## Unreleased".');
  return { before: parts[1]!, changes: parts[2]!.trim(), after: parts[3] ?? "" };
}

/** @throws {Error} if the version promises more than the changes keep. */
export function checkChanges(changes: string, version: string): void {
  if (changes === "") throw new Error('There is nothing to release: "Unreleased" in CHANGELOG.md is empty.');
  const headings = [...changes.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading!);
  const [major, minor, patch] = version.split(".").map(Number) as [number, number, number];
  const isMajor = minor === 0 && patch === 0;
  if (headings.includes("Breaking") && (major === 0 ? patch > 0 : !isMajor)) {
    throw new Error(
      `CHANGELOG.md names breaking changes, which ${version} may not have (CONTRIBUTING.md, "Versions").`,
    );
  }
  if (headings.includes("Added") && patch > 0) {
    throw new Error(`CHANGELOG.md names something new, which ${version} may not have (CONTRIBUTING.md, "Versions").`);
  }
}
