// Follows a job with Node's EventSource, then downloads its result:
// node --experimental-eventsource follow.mjs PROGRESS_URL TARGET
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";

const [progress, target] = process.argv.slice(2);

const result = await new Promise((resolve, reject) => {
  const source = new EventSource(progress);
  source.addEventListener("progress", ({ data }) => {
    const state = JSON.parse(data);
    if (state.phase === "complete") resolve(state.result);
    if (state.phase === "failed") reject(new Error(state.error));
    if (["complete", "failed"].includes(state.phase)) source.close();
  });
});
const answer = await fetch(new URL(result.downloadUrl, progress));
await pipeline(answer.body, createWriteStream(target));
