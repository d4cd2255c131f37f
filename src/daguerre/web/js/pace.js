/** How long a photo still takes, from how far it has come. */

import { t } from "./language.js";

const SETTLED_MS = 2000;
const SETTLED_PERCENT = 3;

const begun = new Map();

/** The seconds until the version of `job` is done, or null while that is a guess; `now` is in milliseconds. */
export function secondsLeft({ job, phase, percent }, now = performance.now()) {
  if (phase !== "processing") {
    begun.delete(job);
    return null;
  }
  // A page that is opened in the middle counts from there.
  if (!begun.has(job)) begun.set(job, { now, percent });
  const first = begun.get(job);
  const done = percent - first.percent;
  if (done < SETTLED_PERCENT || now - first.now < SETTLED_MS) return null;
  return Math.ceil(((now - first.now) / 1000) * (100 - percent) / done);
}

/** `about 20 s left`, or nothing. */
export function spoken(seconds) {
  if (seconds === null) return "";
  return seconds < 60 ? t("about {n} s left", { n: seconds }) : t("about {n} min left", { n: Math.round(seconds / 60) });
}
