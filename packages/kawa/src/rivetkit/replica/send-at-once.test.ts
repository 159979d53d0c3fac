import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { platform } from "node:os";
import { expect, it, onTestFinished } from "vitest";
import { sendAtOnce, treated } from "./send-at-once.ts";

async function listen(): Promise<{ endpoint: string; connectPaused(): Promise<Socket> }> {
  const server = createServer((socket) => void socket.pipe(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const connectPaused = async (): Promise<Socket> => {
    const socket = connect(port, "127.0.0.1").pause();
    await once(socket, "connect");
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  return { endpoint: `http://127.0.0.1:${port}`, connectPaused };
}

/** Node looks at a socket that is paused as little as at those of native code. */
it.runIf(platform() === "linux")("treats each socket that is not Node's once, and leaves it to its owner", async () => {
  const { endpoint, connectPaused } = await listen();
  const other = await listen();
  const [one, two] = [await connectPaused(), (await connectPaused()).resume()];
  await new Promise((resolve) => setImmediate(resolve));
  sendAtOnce(other.endpoint);
  expect(treated.size).toBe(0);
  sendAtOnce(endpoint);
  sendAtOnce(endpoint);
  expect(treated.size).toBe(1);

  one.resume();
  for (const socket of [one, two]) {
    socket.write("hello");
    expect(String((await once(socket, "data"))[0])).toBe("hello");
    socket.destroy();
    await once(socket, "close");
  }
  sendAtOnce(endpoint);
  expect(treated.size).toBe(1);
});
