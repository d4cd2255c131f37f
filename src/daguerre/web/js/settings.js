/** What is wanted, in plain words; it stays in the browser. */

import { el, icon } from "./dom.js";
import { t } from "./language.js";
import { recall, remember } from "./memory.js";

const KEPT = "settings";
const AT_ONCE = "startAtOnce";

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
  negative: "off",
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
    level: "fading", title: t("Bring back faded colors and contrast"),
    label: t("How much of what faded"), ends: [t("None"), t("All")], most: 100,
  },
  {
    flag: "scratchRemoval", title: t("Repair scratches, tears and dust"),
    level: "scratchSensitivity", label: t("How readily something counts as damage"), ends: [t("Only obvious damage"), t("Anything suspicious")], most: 100,
  },
  {
    flag: "faceEnhancement", title: t("Make faces clearer"),
    level: "fidelity", label: t("Likeness"), ends: [t("Clearer"), t("True to the original")], most: 100, per: 100,
  },
  {
    flag: "denoise", title: t("Reduce noise"),
    level: "denoiseStrength", label: t("Strength of noise reduction"), ends: [t("None"), t("Very smooth")], most: 100,
  },
  {
    flag: "colorize", title: t("Add color to black-and-white photos"),
    level: "colorizeStrength", label: t("Strength of color"), ends: [t("None"), t("Full")], most: 100,
  },
];

const SIZES = [["1", t("Unchanged")], ["2", t("Twice as wide and high")], ["4", t("Four times as wide and high")]];
const NEGATIVES = [["off", t("No")], ["auto", t("Decide from the photo")], ["bw", t("Black and white")], ["color", t("In color")]];
const TINTS = [["keep", t("Unchanged")], ["neutral", t("Neutral gray")]];
const MODELS = [["auto", t("Best installed")], ["embedded", t("Built in, small and fast")], ["full", t("Full, if installed")]];
const TONES = [["auto", t("Decide from the photo")], ["yes", t("Black and white")], ["no", t("In color")]];
const FORMATS = [
  ["", t("Same as the photo")], ["jpeg", "JPEG"], ["png", "PNG"], ["tiff", "TIFF"], ["webp", "WebP"], ["avif", "AVIF"], ["jxl", "JPEG XL"],
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
  #atOnce = recall(AT_ONCE, true) === true;

  /** The settings, as they stand. */
  get values() {
    return { ...this.#values };
  }

  /** Whether photos are restored as soon as they are added. */
  get atOnce() {
    return this.#atOnce;
  }

  connectedCallback() {
    const form = el("form", { class: "settings", "data-testid": "settings", "aria-label": t("Settings") });
    form.append(
      ...STEPS.map((step) => this.#step(step)),
      this.#choice("upscale", t("Size"), SIZES),
      el("details", { class: "more" }, el("summary", {}, t("More")),
        this.#choice("negative", t("Film negative"), NEGATIVES),
        this.#choice("treatAsGrayscale", t("The photo is"), TONES), this.#choice("tone", t("Tone of black-and-white photos"), TINTS),
        this.#check("infrared", t("Film scans: also find dust by infrared")),
        this.#choice("models", t("Models"), MODELS), this.#choice("outputFormat", t("Save as"), FORMATS), this.#quality()),
      this.#starting(),
      el("div", { class: "actions" },
        el("button", { type: "submit", class: "primary", "data-testid": "again" }, icon("again"), t("Restore again")),
        el("button", { type: "button", class: "quiet", onclick: () => this.#reset() }, t("Reset"))),
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
  describe({ available, different, count, held = 0 }) {
    const again = this.querySelector("[data-testid=again]");
    again.disabled = !available && !held;
    again.classList.toggle("primary", different || held > 0);
    const label = !held ? t("Restore again") : held === 1 ? t("Restore") : t("Restore {n} photos", { n: held });
    if (again.lastChild.data !== label) again.lastChild.data = label;
    const all = this.querySelector("[data-testid=again-all]");
    all.hidden = count < 2 || held > 0;
    all.textContent = t("Restore all {n} photos again", { n: count });
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

  #starting() {
    const box = el("input", { type: "checkbox", class: "switch", role: "switch", id: "set-at-once", checked: this.#atOnce });
    box.addEventListener("change", () => {
      this.#atOnce = box.checked;
      remember(AT_ONCE, box.checked);
    });
    return el("label", { class: "title", for: box.id }, t("Start as soon as photos are added"), box);
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
    const input = el("input", { type: "number", id: "set-quality", min: 1, max: 100, placeholder: t("Unchanged") });
    input.addEventListener("change", () => {
      const wanted = Math.round(Number(input.value));
      this.#set("quality", input.value === "" || !(wanted >= 1) ? 0 : Math.min(100, wanted));
    });
    this.#rows.set("quality", () => (input.value = this.#values.quality || ""));
    return el("div", { class: "field" }, el("label", { for: input.id }, t("Quality, 1–100")), input);
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
