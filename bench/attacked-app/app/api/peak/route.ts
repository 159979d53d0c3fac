export const dynamic = "force-dynamic";

const sampleMs = 20;

let peak = 0;
let timer: NodeJS.Timeout | undefined;

/** The most bytes that this process has used since it was last asked, garbage included. */
export function GET(): Response {
  timer ??= setInterval(sample, sampleMs);
  sample();
  const answer = new Response(String(peak));
  peak = 0;
  return answer;
}

function sample(): void {
  const { heapUsed, external } = process.memoryUsage();
  peak = Math.max(peak, heapUsed + external);
}
