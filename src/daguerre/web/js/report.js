/** What was done to the photo, in words. */

import { el } from "./dom.js";
import { became } from "./faces.js";
import { t } from "./language.js";
import { bytes, moment } from "./messages.js";

const ROLES = {
  damage: t("Finding damage"), inpaint: t("Filling damage"), inpainting: t("Filling damage"), denoise: t("Noise"), face_detection: t("Finding faces"),
  face_restoration: t("Faces"), face_identity: t("Likeness"), colorize: t("Color"), upscale: t("Enlarging"), grey: t("Recognizing black-and-white photos"),
  fading: t("Fading"),
};

export class PhotoReport extends HTMLElement {
  #shown = null;

  connectedCallback() {
    this.dataset.testid = "report";
  }

  /** Tell of `version`; nothing where it has no result. */
  show(version) {
    const { result } = version;
    this.hidden = version.phase !== "complete";
    if (this.hidden || this.#shown === result) return;
    this.#shown = result;
    const settings = version.settings ?? {};
    const rows = [
      ...(settings.negative && settings.negative !== "off" ? [[t("Film negative"), negative(result)]] : []),
      ...(settings.fading || settings.tone === "neutral" ? [[t("Fading"), fading(result)]] : []),
      [t("Damage"), damage(version, settings)],
      [t("Faces"), faces(result, settings)],
      [t("Noise"), noise(result, settings)],
      [t("Color"), color(result)],
      [t("Size"), [t("{width} × {height} pixels", result), enlarged(result)].filter(Boolean).join(", ")],
      [t("File"), `${bytes(result.originalSize)} → ${bytes(result.processedSize)}`],
      [t("Time"), `${seconds(result.timings)}, ${moment(version.createdAt)}`],
    ];
    this.replaceChildren(
      el("h2", {}, t("Result")),
      untouched(result, settings) ? el("p", { "data-testid": "untouched" }, t("Nothing was changed: the file comes back byte for byte as it was.")) : "",
      el("dl", {}, rows.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)])),
      this.#list("warnings", t("Please note"), result.warnings ?? []),
      this.#list("faces", t("Face by face"), together(result.faces ?? [])),
      this.#models(result.models ?? {}),
    );
  }

  #list(id, title, sentences) {
    if (!sentences.length) return "";
    return el("section", { class: id, "data-testid": id }, el("h3", {}, title),
      el("ul", {}, sentences.map((sentence) => el("li", {}, sentence))));
  }

  #models(models) {
    const rows = Object.entries(models).flatMap(([role, id]) => [el("dt", {}, ROLES[role] ?? role), el("dd", {}, String(id))]);
    return rows.length ? el("details", { class: "more" }, el("summary", {}, t("Models used")), el("dl", {}, rows)) : "";
  }
}

/** Whether the file that came is the result. */
function untouched({ steps, originalSize, processedSize }, { outputFormat, quality, rotate }) {
  return steps.length === 0 && originalSize === processedSize && !outputFormat && !quality && !rotate;
}

function fading({ steps }) {
  return steps.includes("fading") ? t("Restored to what they were") : t("None found");
}

function negative({ steps }) {
  return steps.includes("negative") ? t("Made a positive") : t("Not one");
}

function damage({ result, hasMask }, { scratchRemoval = true }) {
  if (!scratchRemoval) return t("Turned off");
  if (!result.steps.includes("scratch_removal")) return hasMask ? t("Nothing was marked") : t("None found");
  const share = percent(result.scratchCoverage);
  return hasMask ? t("{share} repaired, as you marked it", { share }) : t("{share} repaired", { share });
}

function faces({ faces = [], facesEnhanced, steps }, { faceEnhancement = true }) {
  if (!faceEnhancement) return t("Turned off");
  if (!faces.length) return steps.includes("face_enhancement") ? t("Made clearer") : t("None found");
  const n = faces.length;
  return facesEnhanced ? t("{n} found, {m} made clearer", { n, m: facesEnhanced }) : t("{n} found, unchanged", { n });
}

function noise({ noiseSigma, steps }, { denoise = true }) {
  const what = steps.includes("denoise") ? t("Reduced") : denoise ? t("Too little to remove") : t("Turned off");
  return noiseSigma >= 0.5 ? t("{what} (level {n} of 255)", { what, n: noiseSigma.toFixed(1) }) : what;
}

function color({ isGrayscale, colorized }) {
  if (colorized) return t("Color added");
  if (!isGrayscale) return t("In color already");
  return t("Black and white, no color added");
}

const enlarged = ({ upscale }) => (upscale > 1 ? t("{n} times as wide and high", { n: upscale }) : "");

/** A sentence for each face; those of whom the same is to be said are told of together. */
function together(faces) {
  const said = new Map();
  faces.forEach((face, index) => {
    const what = became(face);
    said.set(what, [...(said.get(what) ?? []), index + 1]);
  });
  return [...said].map(([what, numbers]) => numbers.length > 1 ? t("Faces {n}: {what}", { n: ranges(numbers), what }) : t("Face {n}: {what}", { n: numbers[0], what }));
}

/** `1–3, 5`. */
function ranges(numbers) {
  const runs = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run && run[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? first : `${first}–${last}`)).join(", ");
}

const percent = (value) => (Number.isFinite(value) ? `${value.toFixed(value < 1 ? 2 : 1)} %` : t("Some damage"));

function seconds(timings = {}) {
  const sum = Object.values(timings).reduce((total, each) => total + each, 0);
  return sum < 60 ? `${sum.toFixed(1)} s` : `${Math.floor(sum / 60)} min ${Math.round(sum % 60)} s`;
}

customElements.define("photo-report", PhotoReport);
