/** Photos on their way to the server: two at a time, again after a lost connection, never twice. */

import { send } from "./api.js";
import { t } from "./language.js";
import { arrived } from "./photos.js";

const AT_ONCE = 2;
const PAUSE_S = 3;

export class Uploads {
  #photos;
  #waiting = [];
  #sending = new Map();
  #retries = new Set();

  /** `onRefused` is told of a Refusal that concerns the whole page, a missing key for one. */
  constructor(photos, onRefused) {
    this.#photos = photos;
    this.onRefused = onRefused;
  }

  /** Whether something would be lost if the page were closed now. */
  get busy() {
    return this.#waiting.length + this.#sending.size + this.#retries.size > 0;
  }

  /** Send a version of a photo: its file, or the upload of an earlier job, with `more` parts of the form. */
  add(item, version, more = {}) {
    const source = item.versions.find(arrived);
    const photo = source ? { sourceJobId: source.job } : { file: item.file };
    this.#waiting.push({ item, version, parts: { ...photo, clientJobId: version.job, settings: version.settings, ...more } });
    this.#next();
  }

  /** Stop sending a version. */
  cancel(version) {
    this.#waiting = this.#waiting.filter((each) => each.version !== version);
    for (const retry of this.#retries) {
      if (retry.task.version === version) {
        clearTimeout(retry.timer);
        this.#retries.delete(retry);
      }
    }
    this.#sending.get(version)?.abort();
  }

  /** Go on at once with what waits for a pause to end. */
  resume() {
    for (const retry of this.#retries) {
      clearTimeout(retry.timer);
      this.#waiting.push(retry.task);
    }
    this.#retries.clear();
    this.#next();
  }

  #next() {
    while (this.#sending.size < AT_ONCE && this.#waiting.length) this.#send(this.#waiting.shift());
  }

  async #send(task) {
    const { version, parts } = task;
    const abort = new AbortController();
    this.#sending.set(version, abort);
    this.#tell(version, { phase: "uploading", percent: 0, stage: t("Sending the photo…") });
    try {
      await send(parts, (share) => this.#tell(version, { percent: Math.round(share * 100) }), abort.signal);
      this.#arrived(version);
    } catch (error) {
      this.#failed(task, error);
    } finally {
      this.#sending.delete(version);
      this.#next();
    }
  }

  #arrived(version) {
    version.justSent = true;
    this.#tell(version, { phase: "queued", percent: 0, stage: t("Waiting…") });
  }

  #failed(task, error) {
    const { version } = task;
    if (error.name === "AbortError") return;
    if (error.code === "JOB_EXISTS") {
      // It arrived, and only the answer was lost.
      this.#arrived(version);
    } else if (error.status === 0 || error.status === 429 || error.status === 503) {
      this.#tell(version, { phase: "waiting", percent: 0, stage: error.message, error: error.message });
      this.#later(task, error.retryAfter || PAUSE_S);
    } else if (error.status === 401) {
      this.#tell(version, { phase: "waiting", percent: 0, stage: error.message, error: error.message });
      this.#later(task, 3600);
      this.onRefused(error);
    } else {
      this.#tell(version, { phase: "failed", error: error.message, code: error.code, refused: true });
    }
  }

  #later(task, seconds) {
    const retry = { task };
    retry.timer = setTimeout(() => {
      this.#retries.delete(retry);
      this.#waiting.push(task);
      this.#next();
    }, seconds * 1000);
    this.#retries.add(retry);
  }

  #tell(version, state) {
    this.#photos.update(version.job, state);
  }
}
