/** What the page says: errors with what to do, sizes, steps. */

const BY_CODE = {
  AUTH_REQUIRED: "Please sign in again: the key is missing or no longer valid.",
  CANCELED: "It was canceled.",
  CANNOT_WRITE: "The restored photo could not be written in this format. Choose another under “Save as” and try again.",
  FILE_MISSING: "The uploaded photo is no longer kept. Please add it again.",
  FOREIGN_ORIGIN: "The server answers only under its own address. Open this page as http://localhost and try again.",
  INTERNAL_ERROR: "Something unexpected went wrong. Try again; if it stays, the server's log says more.",
  OUT_OF_MEMORY: "There is not enough memory for this photo. A smaller version of it may work.",
  QUEUE_FULL: "Many photos are waiting already. This one is sent again in a moment.",
  RATE_LIMITED: "The server asks for a short pause. This photo is sent again in a moment.",
  STORAGE_FULL: "The server's disk is full. Delete photos that you no longer need, then try again.",
  TIMED_OUT: "This photo took longer than the server allows. A smaller version of it may work.",
  WORKER_LOST: "The restoration stopped three times on this photo, so it was given up. A smaller version may work.",
  TOO_MANY_FILES: "These are more photos than the server takes at once.",
};

/** A sentence for a refusal with HTTP `status` (0: no answer) and JSON `body`, or for a job that failed. */
export function advice(status, body) {
  const { code, error = "", details } = body;
  if (code === "FILE_TOO_LARGE") return `The file is too large: the server takes up to ${bytes(body.limitBytes)}.`;
  if (code === "FEATURE_NOT_INSTALLED") {
    return "The full models are not installed. Choose “Best installed” under “Models”, or install them.";
  }
  if (BY_CODE[code]) return BY_CODE[code];
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
