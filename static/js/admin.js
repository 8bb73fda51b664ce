// Names for a screen reader what Django's pages leave nameless: fields in tables, searching selects.

/** @param {Element} field */
function isNamed(field) {
  return /** @type {any} */ (field).labels?.length > 0 || field.hasAttribute("aria-label");
}

function nameFields() {
  for (const field of document.querySelectorAll(".tabular tbody :is(input, select, textarea)")) {
    const cell = field.closest("td");
    const heading = cell && cell.closest("table")?.querySelector("thead tr")?.children[headingIndex(cell)];
    if (heading && !isNamed(field)) {
      field.setAttribute("aria-label", heading.textContent?.trim() ?? "");
    }
  }
  for (const box of document.querySelectorAll(".select2-selection, .select2-selection__rendered")) {
    const select = box.closest(".select2")?.previousElementSibling;
    const name = select?.getAttribute("aria-label") ?? /** @type {any} */ (select)?.labels?.[0]?.textContent;
    if (name && !box.hasAttribute("aria-label")) {
      box.removeAttribute("aria-labelledby");
      box.setAttribute("aria-label", name.trim());
    }
  }
}

/** Headings and cells of a row stand one to one. */
function headingIndex(/** @type {Element} */ cell) {
  return [...(cell.parentElement?.children ?? [])].indexOf(cell);
}

window.addEventListener("load", nameFields);
document.addEventListener("formset:added", () => setTimeout(nameFields));
