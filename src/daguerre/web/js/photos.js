/**
 * The photos of this page and their versions. The server's list of jobs is the truth; this adds what the
 * server does not know: files that are still to be sent, and which jobs are versions of one photo.
 */

import { listed, uuid } from "./api.js";
import { recall, remember } from "./memory.js";
import { between, wantedTurn } from "./turning.js";

const ROOTS = "versions";
const ORDER = "order";
const SELECTED = "selected";
const ENDED = ["complete", "failed"];

/** Whether nothing more will happen to `version`. */
export const ended = (version) => ENDED.includes(version.phase);

/** Whether the server has the photo of `version`. */
export const arrived = (version) => !version.refused && version.phase !== "waiting" && version.phase !== "uploading";

/**
 * A photo: `key`, `name`, `file` while it is to be sent, `thumb` the address of a small picture, `versions` in
 * their order, `rotate` the turn that is wanted and not yet made. A version: `job`, `phase` (waiting, uploading, queued, processing, complete, failed), `stage`,
 * `percent`, `result`, `error`, `code`, `settings`, `hasMask`, `createdAt`.
 */
export class Photos extends EventTarget {
  items = [];
  selected = null;

  #roots = recall(ROOTS, {});

  /** Tell listeners that something is different. */
  changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** A new photo from a file, with its first version. */
  add(file, settings) {
    const version = started(uuid(), settings);
    const item = { key: version.job, name: file.name || "photo.png", file, thumb: null, versions: [version], shown: version };
    this.items.unshift(item);
    this.selected ??= item;
    this.#order();
    this.changed();
    return item;
  }

  /** A further version of a photo. */
  again(item, settings, hasMask = false) {
    const version = started(uuid(), settings, hasMask);
    item.versions.push(version);
    item.shown = version;
    item.rotate = null;
    this.#roots[version.job] = item.key;
    remember(ROOTS, this.#roots);
    this.changed();
    return version;
  }

  /** The version of that job, and its photo. */
  find(job) {
    for (const item of this.items) {
      const version = item.versions.find((each) => each.job === job);
      if (version) return { item, version };
    }
    return null;
  }

  /** Take over what the server says of a job. */
  update(job, state) {
    const found = this.find(job);
    if (!found) return;
    Object.assign(found.version, { error: undefined, code: undefined }, state);
    if (found.version.phase === "complete") found.item.file = null;
    this.changed();
  }

  select(item) {
    this.selected = item;
    remember(SELECTED, item.key);
    this.changed();
  }

  show(item, version) {
    item.shown = version;
    item.rotate = null;
    this.changed();
  }

  /** Turn what is shown of `item`, by 90 or -90 degrees; the next version is made so. */
  turn(item, degrees) {
    item.rotate = between(-degrees, wantedTurn(item));
    this.changed();
  }

  /** Forget a version; a photo without versions goes. */
  drop(item, version) {
    const at = this.items.indexOf(item);
    item.versions = item.versions.filter((each) => each !== version);
    if (item.versions.length) {
      if (item.shown === version) item.shown = item.versions.at(-1);
    } else {
      this.items.splice(at, 1);
      if (this.selected === item) this.selected = this.items[Math.min(at, this.items.length - 1)] ?? null;
      if (item.thumb?.startsWith("blob:")) URL.revokeObjectURL(item.thumb);
    }
    delete this.#roots[version.job];
    remember(ROOTS, this.#roots);
    this.changed();
  }

  /** Read the server's list: what it keeps is shown, what it no longer keeps goes. Throws a Refusal. */
  async load() {
    const jobs = await listed();
    const kept = new Set(jobs.map((job) => job.jobId));
    for (const job of jobs.reverse()) this.#merge(job);
    for (const item of [...this.items]) {
      for (const version of [...item.versions]) {
        if (!kept.has(version.job) && arrived(version) && !version.justSent) this.drop(item, version);
      }
    }
    for (const job of Object.keys(this.#roots)) {
      if (!kept.has(job) && !this.find(job)) delete this.#roots[job];
    }
    remember(ROOTS, this.#roots);
    const order = recall(ORDER, []);
    this.items.sort((one, other) => order.indexOf(one.key) - order.indexOf(other.key));
    this.#order();
    this.selected ??= this.items.find((item) => item.key === recall(SELECTED, "")) ?? this.items[0] ?? null;
    this.changed();
  }

  /** Versions at work on the server. */
  get running() {
    return this.items.flatMap((item) => item.versions).filter((each) => each.phase === "queued" || each.phase === "processing");
  }

  /** Photos stay in the order in which they were added; those from elsewhere come first. */
  #order() {
    remember(ORDER, this.items.map((item) => item.key));
  }

  #merge(job) {
    const { jobId, phase, stage, percent, result, error, code, settings, hasMask, createdAt, filename, inputBytes } = job;
    const state = { phase, stage, percent, result, error, code, hasMask, createdAt, inputBytes, justSent: false };
    const found = this.find(jobId);
    if (found) {
      if (arrived(found.version)) Object.assign(found.version, state);
      return;
    }
    const version = { job: jobId, settings, ...state };
    const item = this.items.find((each) => each.key === (this.#roots[jobId] ?? jobId));
    if (item) {
      item.versions.push(version);
      item.shown = version;
      return;
    }
    const key = this.#roots[jobId] ?? jobId;
    this.items.unshift({ key, name: filename, file: null, thumb: null, versions: [version], shown: version });
  }
}

function started(job, settings, hasMask = false) {
  return { job, phase: "waiting", stage: "", percent: 0, settings, hasMask, createdAt: Date.now() / 1000 };
}
