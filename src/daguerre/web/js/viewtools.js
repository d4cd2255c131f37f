/** The bar under the photo: zoom, overlays, tools, versions. */

import { el, icon } from "./dom.js";
import { t } from "./language.js";

/** Fires `delete`, `again` for what was changed on the photo itself, and `show` (detail: a version). */
export class ViewTools extends HTMLElement {
  #stage;
  #item = null;
  #picked = "";

  /** Work for `stage`. */
  attach(stage) {
    this.#stage = stage;
    this.zoomText = el("output", { class: "zoom", "data-testid": "zoom", title: t("Pixels of the photo to pixels of the screen") });
    this.zooming = el("div", { class: "group zooming" },
      this.#tool(t("Zoom out"), "minus", () => stage.zoom(1 / 1.5)), this.zoomText,
      this.#tool(t("Zoom in"), "plus", () => stage.zoom(1.5)),
      this.#tool(t("Fit"), "fit", () => stage.zoomTo(null)),
      el("button", { type: "button", class: "tool text", onclick: () => stage.zoomTo(1 / devicePixelRatio), title: t("Actual size") }, "1:1"),
      this.#tool(t("Full screen"), "full", () => stage.toggleFullScreen()));
    this.turning = el("div", { class: "group turning" },
      this.#tool(t("Turn left"), "turn-left", () => stage.turn(-90), "Shift+R"), this.#tool(t("Turn right"), "turn-right", () => stage.turn(90), "R"));
    this.original = el("button", { type: "button", class: "tool text", title: t("Hold to see the original (O)"), "aria-label": t("Original"), "data-testid": "original" },
      icon("eye"), el("span", {}, t("Original")));
    for (const [event, on] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false], ["pointerleave", false]]) {
      this.original.addEventListener(event, () => stage.showOriginal(on));
    }
    // A key press without a pointer shows it until the next one.
    this.original.addEventListener("keydown", (event) => {
      if (event.key === " " || event.key === "Enter") stage.showOriginal(true);
    });
    this.original.addEventListener("keyup", () => stage.showOriginal(false));
    this.loupe = this.#toggle(t("Loupe"), "loupe", (on) => stage.loupe.toggle(on));
    Object.assign(this.loupe, { title: t("Magnify what is under the pointer: hold L, or press it (L)") });
    this.loupe.setAttribute("aria-keyshortcuts", "L");
    this.ratio = el("button", { type: "button", class: "tool text", "data-testid": "ratio", title: t("Magnification of the loupe: [ and ], or the wheel"), onclick: () => stage.loupe.enlarge(1, true) });
    this.damage = this.#toggle(t("Damage"), "damage", (on) => stage.showDamage(on));
    this.faces = this.#toggle(t("Faces"), "face", (on) => {
      stage.marks.classList.toggle("faces", on);
      this.#describe();
    });
    this.addFace = this.#toggle(t("Add a face"), "face-add", (on) => stage.use(on ? stage.faceTool : null));
    this.mask = this.#toggle(t("Correct the mask"), "brush", (on) => stage.use(on ? stage.maskTool : null));
    this.hints = this.#toggle(t("Color hints"), "colour", (on) => stage.use(on ? stage.hintTool : null));
    this.withSelect = el("select", { "aria-label": t("Compare with"), onchange: () => stage.compareWith(this.withSelect.value) });
    this.shownSelect = el("select", {
      "aria-label": t("Show"),
      onchange: () => {
        const version = this.#item.versions.find((each) => each.job === this.shownSelect.value);
        this.dispatchEvent(new CustomEvent("show", { detail: version }));
      },
    });
    this.versions = el("div", { class: "group versions" }, this.withSelect, el("span", { "aria-hidden": "true" }, "→"), this.shownSelect);
    this.download = el("a", { class: "button primary", "data-testid": "download", download: "" }, icon("download"), t("Download"));
    this.apply = el("button", { type: "button", class: "primary", "data-testid": "apply", onclick: () => this.dispatchEvent(new Event("again")) },
      icon("again"), t("Restore again"));
    this.remove = this.#tool(t("Delete"), "bin", () => this.dispatchEvent(new Event("delete")));
    this.bar = el("div", { class: "tools", role: "toolbar", "aria-label": t("View") },
      this.zooming, this.turning, el("div", { class: "group overlays" }, this.original, this.loupe, this.ratio, this.damage, this.faces, this.addFace, this.mask, this.hints), this.versions,
      el("div", { class: "group end" }, this.remove, this.apply, this.download));
    this.replaceChildren(this.bar, stage.maskTool.bar, stage.hintTool.bar, stage.faceTool.bar);
    stage.addEventListener("view", () => {
      const text = `${Math.round(stage.transform.scale * devicePixelRatio * 100)} %`;
      if (this.zoomText.value !== text) this.zoomText.value = text;
    });
    stage.addEventListener("tool", () => this.#describe());
  }

  /** Follow the shown version of `item`. */
  show(item) {
    this.#item = item;
    const version = item.shown;
    const { result } = version;
    const complete = version.phase === "complete";
    if (complete) this.download.href = result.downloadUrl;
    this.download.hidden = !complete;
    this.zooming.hidden = !complete;
    this.damage.hidden = !complete || !result.maskUrl;
    this.faces.hidden = !complete;
    for (const each of [this.original, this.loupe]) each.hidden = !complete;
    this.turning.hidden = !this.#stage.turnable;
    // Their places are those of the version that is shown.
    this.mask.hidden = !complete || this.#stage.turned;
    this.hints.hidden = !complete || !result.isGrayscale || this.#stage.turned;
    this.#versions(item);
    this.#describe();
  }

  /** Say whether the photo itself was changed since the shown version was made. */
  changed(is) {
    this.apply.hidden = !is;
    this.download.classList.toggle("primary", !is);
  }

  #versions(item) {
    const complete = item.versions.filter((each) => each.phase === "complete");
    this.versions.hidden = item.versions.length < 2;
    const number = (version) => t("Version {n}", { n: item.versions.indexOf(version) + 1 });
    const others = complete.filter((each) => each !== item.shown);
    const picked = JSON.stringify([item.key, item.shown.job, item.versions.map((each) => [each.job, each.phase]), this.#stage.before]);
    if (picked === this.#picked) return;
    this.#picked = picked;
    this.withSelect.replaceChildren(
      el("option", { value: "original" }, t("Original")), ...others.map((each) => el("option", { value: each.job }, number(each))));
    this.withSelect.value = others.some((each) => each.job === this.#stage.before) ? this.#stage.before : "original";
    if (this.withSelect.value !== this.#stage.before) this.#stage.compareWith("original");
    this.withSelect.hidden = item.shown.phase !== "complete";
    this.shownSelect.replaceChildren(...item.versions.map((each) => el("option", { value: each.job }, number(each))));
    this.shownSelect.value = item.shown.job;
  }

  #describe() {
    const stage = this.#stage;
    const pressed = (button, on) => button.setAttribute("aria-pressed", String(on));
    pressed(this.loupe, stage.loupe.on);
    this.ratio.hidden = !stage.loupe.on;
    this.ratio.textContent = `${stage.loupe.ratio}:1`;
    pressed(this.damage, !stage.canvas.hidden);
    pressed(this.faces, stage.marks.classList.contains("faces"));
    this.addFace.hidden = this.faces.hidden || stage.turned || !stage.marks.classList.contains("faces");
    pressed(this.addFace, stage.tool === stage.faceTool);
    pressed(this.mask, stage.tool === stage.maskTool);
    pressed(this.hints, stage.tool === stage.hintTool);
    stage.maskTool.bar.hidden = stage.tool !== stage.maskTool;
    stage.hintTool.bar.hidden = stage.tool !== stage.hintTool;
    stage.faceTool.bar.hidden = stage.tool !== stage.faceTool;
    this.bar.classList.toggle("busy", stage.tool !== null);
  }

  #tool(name, symbol, act, key) {
    const title = key ? `${name} (${key})` : name;
    return el("button", { type: "button", class: "tool", title, "aria-label": name, "aria-keyshortcuts": key, onclick: act }, icon(symbol));
  }

  #toggle(name, symbol, act) {
    const button = el("button", { type: "button", class: "tool text", "aria-pressed": "false", "aria-label": name, title: name }, icon(symbol), el("span", {}, name));
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      act(on);
    });
    return button;
  }
}

customElements.define("view-tools", ViewTools);
