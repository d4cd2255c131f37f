/** What the page says: errors with what to do, sizes, steps. */

import { ADVICE } from "./failures.js";
import { t } from "./language.js";

/** A sentence for a refusal with HTTP `status` (0: no answer) and JSON `body`, or for a job that failed. */
export function advice(status, body) {
  const { code, error = "", details } = body;
  if (code === "FILE_TOO_LARGE") return t("The file is too large: the server takes up to {size}.", { size: bytes(body.limitBytes) });
  if (ADVICE[code]) return t(ADVICE[code]);
  if (error.startsWith("Invalid image: ")) {
    // The page has a button for it.
    const why = error.slice("Invalid image: ".length).replace(" What is there can be restored with the setting recover.", "");
    return t("This file can't be restored. {why}", { why });
  }
  if (status === 0) return t("The server isn't responding. Check that it is running; the page keeps trying.");
  if (status === 413) return t("The file is too large for this server.");
  if (status >= 500 && !error) return t("Something went wrong on the server. Try again in a moment.");
  return details ? `${error}: ${details}.`.replace("..", ".") : `${error || t("The server answered {status}", { status })}.`.replace("..", ".");
}

/** `3.2 MB`. */
export function bytes(count) {
  if (!Number.isFinite(count)) return "?";
  const units = ["bytes", "kB", "MB", "GB"];
  let at = 0;
  while (count >= 1000 && at < units.length - 1) {
    count /= 1000;
    at += 1;
  }
  return `${at === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[at]}`;
}

/** `1 photo`, `2 photos`. */
export const counted = (n) => (n === 1 ? t("1 photo") : t("{n} photos", { n }));

/** The state of a version in one or two words, for the filmstrip. */
export function status(version) {
  switch (version.phase) {
    case "waiting":
      if (version.held) return t("Not started");
      return version.error ? t("Waiting to send") : t("Waiting");
    case "uploading":
      return t("Sending {n} %", { n: version.percent });
    case "queued":
      return t("In the queue");
    case "processing":
      return `${version.percent} %`;
    case "complete":
      if (version.result?.steps?.length) return t("Restored");
      return asked(version.settings) ? t("Nothing to repair") : t("Unchanged");
    default:
      return version.code === "CANCELED" ? t("Canceled") : t("Failed");
  }
}

/** Whether a job with `settings` was to look for something to repair. */
const asked = ({ scratchRemoval = true, faceEnhancement = true, denoise = true, fading = 0 } = {}) => scratchRemoval || faceEnhancement || denoise || fading > 0;

/** A time of the server as people write it. */
export function moment(seconds) {
  const date = new Date(seconds * 1000);
  const today = new Date().toDateString() === date.toDateString();
  return new Intl.DateTimeFormat(undefined, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" }).format(date);
}
