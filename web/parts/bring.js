const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Scroll an element into sight; `block` as of scrollIntoView. */
export const bring = (element, block) =>
  element.scrollIntoView({ block, behavior: still.matches ? "auto" : "smooth" });
