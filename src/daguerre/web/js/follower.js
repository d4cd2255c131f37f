/** One stream for all jobs at work; it is opened anew when jobs come, and when the connection was lost. */

import { progressOf } from "./api.js";

const SETTLE_MS = 150;
const LONGEST_PAUSE_MS = 15_000;
const FOLLOWED = 200;

export class Follower {
  #photos;
  #source = null;
  #followed = new Set();
  #timer = 0;
  #pause = 1000;

  /** `onState` is told "lost" and "connected"; `onClosed` when the server refuses the stream. */
  constructor(photos, onState, onClosed) {
    this.#photos = photos;
    this.onState = onState;
    this.onClosed = onClosed;
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
      this.#pause = 1000;
      this.onState("connected");
      this.#photos.update(state.jobId, { ...state, justSent: false });
    });
    source.addEventListener("open", () => this.onState("connected"));
    source.addEventListener("error", () => {
      if (this.#source !== source) return;
      if (source.readyState === EventSource.CONNECTING) this.onState("lost");
      else this.#refused();
    });
  }

  #refused() {
    this.#close();
    this.#timer = setTimeout(async () => {
      this.#timer = 0;
      await this.onClosed();
      this.#look();
    }, this.#pause);
    this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2);
  }

  #close() {
    this.#source?.close();
    this.#source = null;
    this.#followed = new Set();
  }
}
