/** What the page says: errors with what to do, sizes, steps. */

import { ADVICE } from "./failures.js";

/** A sentence for a refusal with HTTP `status` (0: no answer) and JSON `body`, or for a job that failed. */
export function advice(status, body) {
  const { code, error = "", details } = body;
  if (code === "FILE_TOO_LARGE") return `The file is too large: the server takes up to ${bytes(body.limitBytes)}.`;
  if (ADVICE[code]) return ADVICE[code];
  if (error.startsWith("Invalid image: ")) {
    return `This file cannot be restored. ${error.slice("Invalid image: ".length)}`;
  }
  if (status === 0) return "The server does not answer. Check that it is running; the page tries again by itself.";
  if (status === 413) return "The file is too large for this server.";
  if (status >= 500 && !error) return "The server has a problem. Try again in a moment.";
  return details ? `${error}: ${details}.`.replace("..", ".") : `${error || `The server answered ${status}`}.`.replace("..", ".");
}

/** `3.2 MB`. */
export function bytes(count) {
  if (!Number.isFinite(count)) return "a certain size";
  const units = ["bytes", "kB", "MB", "GB"];
  let at = 0;
  while (count >= 1000 && at < units.length - 1) {
    count /= 1000;
    at += 1;
  }
  return `${at === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[at]}`;
}

/** `1 photo`, `2 photos`. */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** The state of a version in one or two words, for the filmstrip. */
export function status(version) {
  switch (version.phase) {
    case "waiting":
      return version.error ? "Waiting to send" : "Waiting";
    case "uploading":
      return `Sending ${version.percent} %`;
    case "queued":
      return "In the queue";
    case "processing":
      return `${version.percent} %`;
    case "complete":
      return "Restored";
    default:
      return version.code === "CANCELED" ? "Canceled" : "Failed";
  }
}

/** A time of the server as people write it. */
export function moment(seconds) {
  const date = new Date(seconds * 1000);
  const today = new Date().toDateString() === date.toDateString();
  return new Intl.DateTimeFormat(undefined, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" }).format(date);
}
