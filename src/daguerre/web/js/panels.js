/** What lies over a photo that is not done: how far it is, or why it failed. */

import { el, icon } from "./dom.js";

export class Panels {
  #words = el("p", { class: "words", "data-testid": "stage-words", role: "status" });
  #percent = el("span", { class: "note", "aria-hidden": "true" });
  #bar = el("progress", { max: 100, value: 0, "aria-label": "Progress" });
  #reason = el("p", { role: "alert" });
  #running;
  #failure;
  #retry;

  /** `ask` is called with "cancel" or "retry". */
  constructor(ask) {
    const cancel = el("button", { type: "button", class: "quiet", onclick: () => ask("cancel") }, "Cancel");
    this.#retry = el("button", { type: "button", onclick: () => ask("retry") }, icon("again"), "Try again");
    this.#running = el("div", { class: "panel running", "data-testid": "running", hidden: true },
      el("div", { class: "line" }, this.#words, this.#percent), this.#bar, cancel);
    this.#failure = el("div", { class: "panel failure", "data-testid": "failure", hidden: true }, this.#reason, this.#retry);
  }

  get elements() {
    return [this.#running, this.#failure];
  }

  /** Tell of `version`. */
  show(version) {
    const { phase, percent } = version;
    const failed = phase === "failed";
    this.#running.hidden = failed || phase === "complete";
    this.#failure.hidden = !failed;
    this.#retry.hidden = version.code === "INVALID_IMAGE";
    if (failed) setText(this.#reason, version.advice ?? version.error ?? "It failed.");
    setText(this.#words, version.stage || "Waiting…");
    const moving = phase === "processing" || phase === "uploading";
    setText(this.#percent, moving ? `${percent} %` : "");
    if (moving) this.#bar.value = percent;
    else this.#bar.removeAttribute("value");
  }
}

/** Text is set only where it differs, or screen readers say it each time. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
