/** One stream for all jobs at work; it is opened anew when jobs come, and when the connection was lost. */

import { progressOf } from "./api.js";

const SETTLE_MS = 150;
const SHORTEST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;
const FOLLOWED = 200;

export class Follower {
  #photos;
  #source = null;
  #followed = new Set();
  #timer = 0;
  #pause = SHORTEST_PAUSE_MS;

  /** `reload` reads the list of jobs anew; it is called when a stream breaks off, and resolves to whether it could. */
  constructor(photos, reload) {
    this.#photos = photos;
    this.reload = reload;
    photos.addEventListener("change", () => this.#look());
  }

  #look() {
    if (this.#timer) return;
    const wanted = this.#photos.running.slice(-FOLLOWED).map((version) => version.job);
    if (!wanted.length) this.#close();
    else if (wanted.some((job) => !this.#followed.has(job))) {
      this.#timer = setTimeout(() => this.#open(), SETTLE_MS);
    }
  }

  #open() {
    this.#timer = 0;
    this.#close();
    const jobs = this.#photos.running.slice(-FOLLOWED).map((version) => version.job);
    if (!jobs.length) return;
    this.#followed = new Set(jobs);
    const source = progressOf(jobs);
    this.#source = source;
    source.addEventListener("progress", ({ data }) => {
      const state = JSON.parse(data);
      this.#pause = SHORTEST_PAUSE_MS;
      this.#photos.update(state.jobId, { ...state, justSent: false });
    });
    source.addEventListener("error", () => {
      if (this.#source === source) this.#broken();
    });
  }

  /** Not the browser's own way to come again: jobs may have ended or gone meanwhile, or a key may be needed. */
  #broken() {
    this.#close();
    this.#timer = setTimeout(async () => {
      const back = await this.reload();
      this.#timer = 0;
      if (back) this.#look();
      else this.#broken();
    }, this.#pause);
    this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2);
  }

  #close() {
    this.#source?.close();
    this.#source = null;
    this.#followed = new Set();
  }
}
