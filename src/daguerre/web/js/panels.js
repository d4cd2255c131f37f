/** What lies over a photo that is not done: how far it is, or why it failed. */

import { el, icon } from "./dom.js";
import { t } from "./language.js";
import { secondsLeft, spoken } from "./pace.js";

/** Whether a file of which the server says `error` may still give a part of its photo; other formats cannot. */
const recoverable = (error = "") => /\b(JPEG(?! 2000| XL)|PNG|TIFF)\b/.test(error) && /truncated|damaged/.test(error);

export class Panels {
  #words = el("p", { class: "words", "data-testid": "stage-words", role: "status" });
  #percent = el("span", { class: "note", "aria-hidden": "true" });
  #bar = el("progress", { max: 100, value: 0, "aria-label": t("Progress") });
  #reason = el("p", { role: "alert" });
  #running;
  #failure;
  #retry;
  #recover;
  #start;
  #cancel;

  /** `ask` is called with "cancel", "start", "retry" or "recover". */
  constructor(ask) {
    this.#cancel = el("button", { type: "button", class: "quiet", onclick: () => ask("cancel") }, t("Cancel"));
    this.#retry = el("button", { type: "button", onclick: () => ask("retry") }, icon("again"), t("Try again"));
    this.#recover = el("button", { type: "button", class: "primary", "data-testid": "recover", onclick: () => ask("recover") }, t("Try to recover"));
    this.#start = el("button", { type: "button", class: "primary", "data-testid": "start", onclick: () => ask("start") }, t("Restore"));
    this.#running = el("div", { class: "panel running", "data-testid": "running", hidden: true },
      el("div", { class: "line" }, this.#words, this.#percent), this.#bar, el("div", { class: "group" }, this.#start, this.#cancel));
    this.#failure = el("div", { class: "panel failure", "data-testid": "failure", hidden: true }, this.#reason,
      el("div", { class: "actions" }, this.#recover, this.#retry));
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
    this.#recover.hidden = version.code !== "INVALID_IMAGE" || !recoverable(version.error) || version.settings?.recover === true;
    this.#start.hidden = !version.held;
    this.#bar.hidden = Boolean(version.held);
    if (failed) setText(this.#reason, version.advice ?? version.error ?? t("It failed."));
    setText(this.#words, version.held ? t("Choose the settings, then restore.") : t(version.stage || t("Waiting…")));
    const moving = phase === "processing" || phase === "uploading";
    setText(this.#percent, moving ? [`${percent} %`, spoken(secondsLeft(version))].filter(Boolean).join(", ") : "");
    if (moving) this.#bar.value = percent;
    else this.#bar.removeAttribute("value");
  }
}

/** Text is set only where it differs, or screen readers say it each time. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
