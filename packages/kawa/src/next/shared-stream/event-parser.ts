/** Reads server-sent events from text that comes in pieces. Fields but `event` and `data` are ignored. */
export function createEventParser(onEvent: (name: string, data: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const blocks = (rest + text).split(/\r?\n\r?\n/);
    rest = blocks.pop()!;
    for (const block of blocks) {
      let name = "";
      const data: string[] = [];
      for (const line of block.split(/\r?\n/)) {
        const [, field, value] = /^(event|data): ?(.*)$/.exec(line) ?? [];
        if (field === "event") name = value!;
        else if (field) data.push(value!);
      }
      if (name) onEvent(name, data.join("\n"));
    }
  };
}
