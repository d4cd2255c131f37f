/** The HTTP contract: requests, and refusals as errors with a sentence for people. */

import { advice } from "./messages.js";

// This module lies three folders below where the service does, wherever a proxy has put that.
const API = new URL("../../../api/v1", import.meta.url).pathname;

/** A refusal of the server, or no answer at all (`status` 0). `message` says what to do. */
export class Refusal extends Error {
  constructor(status, body = {}, retryAfter = 0) {
    super(advice(status, body));
    this.status = status;
    this.code = body.code ?? (body.error?.startsWith("Invalid image: ") ? "INVALID_IMAGE" : "");
    this.retryAfter = retryAfter;
  }
}

/** Ask the server; resolves to the JSON of its answer. Throws a Refusal. */
export async function call(path, { method = "GET", json } = {}) {
  if (json === undefined) return asked(path, { method });
  return asked(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(json) });
}

async function asked(path, options) {
  let answer;
  try {
    answer = await fetch(API + path, options);
  } catch {
    throw new Refusal(0);
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, body, Number(answer.headers.get("Retry-After")) || 0);
  return body;
}

/**
 * Send a photo; resolves to the job's id. `fields` are the parts of the form, `onProgress` is told of the
 * share that is sent, 0-1. A part that is undefined is left out. Throws a Refusal.
 */
export function send(fields, onProgress, signal) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof File) form.append(name, value, value.name);
    else if (value instanceof Blob) form.append(name, value, `${name}.png`);
    else if (value !== undefined) form.append(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${API}/tools/restore-photo`);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress?.(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      const body = request.response ?? {};
      if (request.status === 202) resolve(body.jobId);
      else reject(new Refusal(request.status, body, Number(request.getResponseHeader("Retry-After")) || 0));
    });
    request.addEventListener("error", () => reject(new Refusal(0)));
    request.addEventListener("abort", () => reject(new DOMException("Canceled", "AbortError")));
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** Send a file to `path` by itself; resolves to the JSON of the answer. Throws a Refusal. */
export async function deliver(path, file) {
  const form = new FormData();
  form.append("file", file, file.name);
  return asked(path, { method: "POST", body: form });
}

/** Every job that is kept, newest first; batches are replaced by their photos. Throws a Refusal. */
export async function listed() {
  const jobs = [];
  for (const job of await pages("")) {
    if (job.type === "single") jobs.push(job);
    else jobs.push(...(await pages(`&batchId=${job.jobId}`)));
  }
  return jobs;
}

async function pages(query) {
  const jobs = [];
  let cursor = "";
  do {
    const page = await call(`/jobs?limit=200${query}${cursor}`);
    jobs.push(...page.jobs);
    cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : "";
  } while (cursor && jobs.length < 2000);
  return jobs;
}

/** Where the photo of a job is seen: `side` original or restored, `size` preview or full. */
export const viewOf = (job, side, size = "preview") => `${API}/jobs/${job}/views/${side}?size=${size}`;

/** Where the restored photos of `jobs` are, as one ZIP. */
export const archiveOf = (jobs) => `${API}/archive?${jobs.map((job) => `jobId=${job}`).join("&")}`;

/** A stream of the progress of `jobs`. */
export const progressOf = (jobs) =>
  new EventSource(`${API}/progress?${jobs.map((job) => `jobId=${job}`).join("&")}`);

/** A random UUID; `crypto.randomUUID` is missing on pages that came by plain HTTP. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
