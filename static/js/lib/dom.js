/** Making and finding elements; text only ever enters as text nodes. */

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, any> | null} [attributes] `class`, `data-…`, `on…` functions, plain attributes
 * @param {...(Node | string | number | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child || child === 0).map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

/** @param {string} id */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) {
    throw new Error(`no element #${id}`);
  }
  return element;
}

/**
 * Copy a `<template>` and name its marked parts.
 * @param {string} id
 * @returns {{root: HTMLElement, parts: Record<string, HTMLElement>}} parts by `data-part`
 */
export function stamp(id) {
  const fragment = /** @type {HTMLTemplateElement} */ (byId(id)).content.cloneNode(true);
  const root = /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (fragment).firstElementChild);
  const parts = {};
  for (const part of [root, ...root.querySelectorAll("[data-part]")]) {
    if (part.dataset.part) {
      parts[part.dataset.part] = part;
    }
  }
  return { root, parts };
}

/** Set text only when it differs, so that nothing repaints or is re-announced for nothing. */
export function setText(element, text) {
  const wanted = String(text ?? "");
  if (element.textContent !== wanted) {
    element.textContent = wanted;
  }
}

/** Show or hide. */
export function show(element, visible) {
  if (element.hidden === Boolean(visible)) {
    element.hidden = !visible;
  }
}

/** An icon out of the page's sprite. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * Make the children of `parent` be `wanted` in this order, moving as little as possible.
 * @param {HTMLElement} parent
 * @param {HTMLElement[]} wanted
 */
export function arrange(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.children]) {
    if (!keep.has(/** @type {HTMLElement} */ (child))) {
      child.remove();
    }
  }
  let at = parent.firstElementChild;
  for (const element of wanted) {
    if (element === at) {
      at = at.nextElementSibling;
    } else {
      parent.insertBefore(element, at);
    }
  }
}
