/** The language of the page: the first that the browser asks for and that there is, else English. */

import { LANGUAGES, MESSAGES } from "./translations.js";

const wanted = (navigator.languages ?? []).map((tag) => tag.slice(0, 2).toLowerCase());
const chosen = wanted.find((tag) => tag === "en" || LANGUAGES.includes(tag)) ?? "en";
const column = LANGUAGES.indexOf(chosen);

/** The message in the page's language; `values` take the place of `{name}`. */
export function t(message, values = {}) {
  const text = (column >= 0 && MESSAGES[message]?.[column]) || message;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Translate what the page came with. */
export function translatePage() {
  document.documentElement.lang = chosen;
  document.body.dataset.drop = t("Drop to restore");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    if (MESSAGES[text]) walker.currentNode.data = walker.currentNode.data.replace(text, t(text));
  }
  for (const element of document.querySelectorAll("[aria-label], [title]")) {
    for (const name of ["aria-label", "title"]) {
      if (MESSAGES[element.getAttribute(name)]) element.setAttribute(name, t(element.getAttribute(name)));
    }
  }
}
