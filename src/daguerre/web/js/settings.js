/** What is wanted, in plain words; it stays in the browser. */

import { el, icon } from "./dom.js";
import { recall, remember } from "./memory.js";

const KEPT = "settings";

/** The contract's defaults. */
export const DEFAULTS = Object.freeze({
  scratchRemoval: true,
  scratchSensitivity: 50,
  faceEnhancement: true,
  fidelity: 0.7,
  denoise: true,
  denoiseStrength: 25,
  colorize: false,
  colorizeStrength: 85,
  treatAsGrayscale: "auto",
  upscale: 1,
  fading: 0,
  tone: "keep",
  infrared: false,
  models: "auto",
  outputFormat: "",
  quality: 0,
});

/** Those with a `flag` are switched by it, the others by their level. */
const STEPS = [
  {
    level: "fading", title: "Bring back faded colors and contrast",
    label: "How much of what faded", ends: ["None", "All"], most: 100,
  },
  {
    flag: "scratchRemoval", title: "Repair scratches, tears and dust",
    level: "scratchSensitivity", label: "How much counts as damage", ends: ["Only what is sure", "Everything suspicious"], most: 100,
  },
  {
    flag: "faceEnhancement", title: "Make faces clearer",
    level: "fidelity", label: "Likeness", ends: ["Clearer", "Truer to the original"], most: 100, per: 100,
  },
  {
    flag: "denoise", title: "Reduce noise",
    level: "denoiseStrength", label: "Strength of noise reduction", ends: ["None", "Very smooth"], most: 100,
  },
  {
    flag: "colorize", title: "Add colour to monochrome photos",
    level: "colorizeStrength", label: "Strength of colour", ends: ["None", "Full"], most: 100,
  },
];

const SIZES = [["1", "As it is"], ["2", "Twice as wide and high"], ["4", "Four times as wide and high"]];
const TINTS = [["keep", "As it is"], ["neutral", "Neutral gray"]];
const MODELS = [["auto", "Best installed"], ["embedded", "Built in, small and fast"], ["full", "Full, where installed"]];
const TONES = [["auto", "Look at the photo"], ["yes", "Monochrome"], ["no", "In color"]];
const FORMATS = [
  ["", "Same as the photo"], ["jpeg", "JPEG"], ["png", "PNG"], ["tiff", "TIFF"], ["webp", "WebP"], ["avif", "AVIF"], ["jxl", "JPEG XL"],
];

/** What a job is sent: without what stands for "as it is". */
export function wire(settings) {
  const { outputFormat, quality, ...rest } = settings;
  return { ...rest, ...(outputFormat ? { outputFormat } : {}), ...(quality ? { quality } : {}) };
}

/** Whether a job with `used` would come out the same with `wanted`, hints, masks and faces aside. */
export function same(used, wanted) {
  const one = { ...DEFAULTS, ...used };
  const other = { ...DEFAULTS, ...wanted };
  return Object.keys(DEFAULTS).every((name) => one[name] === other[name]);
}

/** Those of the remembered values that can still be meant. */
function sound(values) {
  const kept = Object.entries(values).filter(([name, value]) => typeof value === typeof DEFAULTS[name]);
  return Object.fromEntries(kept);
}

/** A form of the settings; `change` follows every change, `again` and `all` ask for another restoration. */
export class SettingsForm extends HTMLElement {
  #values = { ...DEFAULTS, ...sound(recall(KEPT, {})) };
  #rows = new Map();

  /** The settings, as they stand. */
  get values() {
    return { ...this.#values };
  }

  connectedCallback() {
    const form = el("form", { class: "settings", "data-testid": "settings", "aria-label": "Settings" });
    form.append(
      ...STEPS.map((step) => this.#step(step)),
      this.#choice("upscale", "Size", SIZES),
      el("details", { class: "more" }, el("summary", {}, "More"),
        this.#choice("treatAsGrayscale", "The photo is", TONES), this.#choice("tone", "Tone of monochrome photos", TINTS),
        this.#check("infrared", "Film scans: find dust by infrared"),
        this.#choice("models", "Models", MODELS), this.#choice("outputFormat", "Save as", FORMATS), this.#quality()),
      el("div", { class: "actions" },
        el("button", { type: "submit", class: "primary", "data-testid": "again" }, icon("again"), "Restore again"),
        el("button", { type: "button", class: "quiet", onclick: () => this.#reset() }, "Reset")),
      el("button", { type: "button", class: "quiet all", hidden: true, "data-testid": "again-all", onclick: () => this.#ask("all") }),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask("again");
    });
    this.replaceChildren(form);
    this.#show();
  }

  /** Say whether the shown photo was made otherwise, and how many photos there are. */
  describe({ available, different, count }) {
    const again = this.querySelector("[data-testid=again]");
    again.disabled = !available;
    again.classList.toggle("primary", different);
    const all = this.querySelector("[data-testid=again-all]");
    all.hidden = count < 2;
    all.textContent = `Restore all ${count} photos again`;
  }

  #step({ flag, title, level, label, ends, most, per = 1 }) {
    const box = el("input", { type: "checkbox", class: "switch", role: "switch", id: `set-${flag ?? `${level}-on`}` });
    const range = el("input", { type: "range", min: 0, max: most, step: 1, id: `set-${level}`, "aria-label": label });
    const value = el("output", { for: `set-${level}` });
    const low = el("span", {}, ends[0]);
    const high = el("span", {}, ends[1]);
    box.addEventListener("change", () => (flag ? this.#set(flag, box.checked) : this.#set(level, box.checked ? most : 0)));
    range.addEventListener("input", () => this.#set(level, Number(range.value) / per));
    this.#rows.set(flag ?? level, () => {
      box.checked = flag ? this.#values[flag] : this.#values[level] > 0;
      range.value = Math.round(this.#values[level] * per);
      range.disabled = !box.checked;
      value.textContent = range.value;
      row.classList.toggle("off", !box.checked);
    });
    const row = el("div", { class: "step" },
      el("label", { class: "title", for: box.id }, title, box),
      el("div", { class: "level" }, range, value),
      el("div", { class: "ends", "aria-hidden": "true" }, low, high));
    return row;
  }

  #choice(name, label, options) {
    const select = el("select", { id: `set-${name}` }, options.map(([value, text]) => el("option", { value }, text)));
    const read = typeof DEFAULTS[name] === "number" ? Number : String;
    select.addEventListener("change", () => this.#set(name, read(select.value)));
    this.#rows.set(name, () => (select.value = String(this.#values[name])));
    return el("div", { class: "field" }, el("label", { for: select.id }, label), select);
  }

  #check(name, label) {
    const box = el("input", { type: "checkbox", class: "switch", role: "switch", id: `set-${name}` });
    box.addEventListener("change", () => this.#set(name, box.checked));
    this.#rows.set(name, () => (box.checked = this.#values[name]));
    return el("div", { class: "field" }, el("label", { for: box.id }, label), box);
  }

  #quality() {
    const input = el("input", { type: "number", id: "set-quality", min: 1, max: 100, placeholder: "As it is" });
    input.addEventListener("change", () => {
      const wanted = Math.round(Number(input.value));
      this.#set("quality", input.value === "" || !(wanted >= 1) ? 0 : Math.min(100, wanted));
    });
    this.#rows.set("quality", () => (input.value = this.#values.quality || ""));
    return el("div", { class: "field" }, el("label", { for: input.id }, "Quality, 1–100"), input);
  }

  #set(name, value) {
    this.#values[name] = value;
    remember(KEPT, this.#values);
    this.#show();
    this.#ask("change");
  }

  #reset() {
    this.#values = { ...DEFAULTS };
    remember(KEPT, this.#values);
    this.#show();
    this.#ask("change");
  }

  #show() {
    for (const show of this.#rows.values()) show();
  }

  #ask(what) {
    this.dispatchEvent(new Event(what));
  }
}

customElements.define("settings-form", SettingsForm);
