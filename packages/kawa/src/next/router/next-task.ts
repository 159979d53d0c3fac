/** Runs `run` when all that this task has begun has been sent. A timer would wait for longer, and in a hidden tab for seconds. */
export function nextTask(run: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    run();
  };
  port2.postMessage(null);
}
