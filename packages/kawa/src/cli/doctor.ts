import { type App, findApp } from "./app.ts";
import { checkEngine } from "./check-engine.ts";
import { checkPackages } from "./check-packages.ts";
import { checkRunning } from "./check-running.ts";
import { checkWiring } from "./check-wiring.ts";
import { realTerminal, type Terminal } from "./init.ts";
import { loadEnvironment } from "./load-environment.ts";

/** What the doctor says of one thing. `line` is what to write, or to run. */
export type Finding = {
  readonly state: "right" | "hint" | "wrong";
  readonly text: string;
  readonly line?: string;
};

export type DoctorOptions = { /** Address of the running app. */ readonly url?: string | undefined };

const marks = { right: "ok   ", hint: "hint ", wrong: "WRONG" } as const;

/** Looks for what is missing or wrong. Returns the exit code: 1 when something is wrong. */
export async function doctor(
  folder: string,
  { url }: DoctorOptions,
  terminal: Terminal = realTerminal,
): Promise<number> {
  const app = findApp(folder);
  const findings = app
    ? [...(await examine(app)), ...(url === undefined ? [] : await checkRunning(url))]
    : [
        {
          state: "wrong",
          text: `There is no app of Next with an app/ or src/app/ folder and its packages in ${folder}.`,
        } as const,
      ];
  for (const { state, text, line } of findings) {
    terminal.print(`${marks[state]}  ${text}`);
    for (const one of line?.split("\n") ?? []) terminal.print(`           ${one}`);
  }
  const wrong = findings.filter(({ state }) => state === "wrong").length;
  terminal.print(wrong === 0 ? "Nothing is wrong." : `${wrong} ${wrong === 1 ? "thing is" : "things are"} wrong.`);
  return wrong === 0 ? 0 : 1;
}

async function examine(app: App): Promise<Finding[]> {
  loadEnvironment(app.folder);
  return [...checkPackages(app), ...checkWiring(app), ...checkEngine()];
}
