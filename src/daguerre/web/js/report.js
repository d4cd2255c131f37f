/** What was done to the photo, in words. */

import { el } from "./dom.js";
import { described } from "./faces.js";
import { bytes, moment } from "./messages.js";

const ROLES = {
  damage: "Finding damage", inpaint: "Filling damage", inpainting: "Filling damage", denoise: "Noise", face_detection: "Finding faces",
  face_restoration: "Faces", face_identity: "Likeness", colorize: "Colour", upscale: "Enlarging", grey: "Finding monochrome photos",
  fading: "Fading",
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
      ...(settings.fading || settings.tone === "neutral" ? [["Fading", fading(result)]] : []),
      ["Damage", damage(version, settings)],
      ["Faces", faces(result, settings)],
      ["Noise", noise(result, settings)],
      ["Colour", colour(result, settings)],
      ["Size", `${result.width} × ${result.height} pixels${enlarged(result)}`],
      ["File", `${bytes(result.originalSize)} → ${bytes(result.processedSize)}`],
      ["Time", `${seconds(result.timings)}, ${moment(version.createdAt)}`],
    ];
    this.replaceChildren(
      el("h2", {}, "What was done"),
      el("dl", {}, rows.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)])),
      this.#list("warnings", "Please note", result.warnings ?? []),
      this.#list("faces", "Each face", together(result.faces ?? [])),
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
    return rows.length ? el("details", { class: "more" }, el("summary", {}, "Models that did it"), el("dl", {}, rows)) : "";
  }
}

function fading({ steps }) {
  return steps.includes("fading") ? "Brought back" : "None found";
}

function damage({ result, hasMask }, { scratchRemoval = true }) {
  if (!scratchRemoval) return "Not looked for";
  if (!result.steps.includes("scratch_removal")) return hasMask ? "Nothing was marked" : "None found";
  return `${percent(result.scratchCoverage)} of the picture repaired${hasMask ? ", as you marked it" : ""}`;
}

function faces({ faces = [], facesEnhanced, steps }, { faceEnhancement = true }) {
  if (!faceEnhancement) return "Not looked for";
  if (!faces.length) return steps.includes("face_enhancement") ? "Made clearer" : "None found";
  const found = faces.length === 1 ? "1 found" : `${faces.length} found`;
  if (facesEnhanced === faces.length) return `${found}, made clearer`;
  return facesEnhanced ? `${found}, ${facesEnhanced} made clearer` : `${found}, left as ${faces.length === 1 ? "it was" : "they were"}`;
}

function noise({ noiseSigma, steps }, { denoise = true }) {
  const measured = noiseSigma >= 0.5 ? ` (level ${noiseSigma.toFixed(1)} of 255)` : "";
  if (steps.includes("denoise")) return `Reduced${measured}`;
  return denoise ? `Too little to remove${measured}` : `Left as it was${measured}`;
}

function colour({ isGrayscale, colorized }, { colorize = false }) {
  if (colorized) return "Added to a monochrome photo";
  if (!isGrayscale) return colorize ? "It has colours of its own" : "A colour photo";
  return colorize ? "Monochrome; none was added" : "Monochrome, left so";
}

const enlarged = ({ upscale }) => (upscale > 1 ? `, ${upscale} times as wide and high` : "");

/** A sentence for each face; those of whom the same is to be said are told of together. */
function together(faces) {
  const said = new Map();
  faces.forEach((face, index) => {
    const [, what] = described(face, index).split(/, (.*)/s);
    said.set(what, [...(said.get(what) ?? []), index + 1]);
  });
  return [...said].map(([what, numbers]) => `${numbers.length > 1 ? "Faces" : "Face"} ${ranges(numbers)}: ${what}`);
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

const percent = (value) => (Number.isFinite(value) ? `${value.toFixed(value < 1 ? 2 : 1)} %` : "A part");

function seconds(timings = {}) {
  const sum = Object.values(timings).reduce((total, each) => total + each, 0);
  return sum < 60 ? `${sum.toFixed(1)} s` : `${Math.floor(sum / 60)} min ${Math.round(sum % 60)} s`;
}

customElements.define("photo-report", PhotoReport);
