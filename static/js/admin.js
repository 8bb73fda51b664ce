// Names for a screen reader what Django's pages leave nameless: fields in tables, searching selects.

/** @param {Element} field */
function isNamed(field) {
  return /** @type {any} */ (field).labels?.length > 0 || field.hasAttribute("aria-label");
}

function nameFields() {
  for (const field of document.querySelectorAll(".tabular tbody :is(input, select, textarea)")) {
    const cell = field.closest("td");
    const heading = cell && cell.closest("table")?.querySelector("thead tr")?.children[headingIndex(cell)];
    nameIt(field, heading);
  }
  for (const field of document.querySelectorAll(".datetime input")) {
    nameIt(field, field.closest(".fieldBox, .form-row")?.querySelector("legend, label"));
  }
  for (const box of document.querySelectorAll(".select2-selection, .select2-selection__rendered")) {
    const select = box.closest(".select2")?.previousElementSibling;
    const name = select?.getAttribute("aria-label") ?? /** @type {any} */ (select)?.labels?.[0]?.textContent;
    if (name && !box.hasAttribute("aria-label")) {
      box.removeAttribute("aria-labelledby");
      box.setAttribute("aria-label", name.trim());
    }
  }
  for (const tip of document.querySelectorAll("span.help-tooltip[aria-label]:not([role])")) {
    tip.setAttribute("role", "img");
  }
}

function nameIt(/** @type {Element} */ field, /** @type {Element | null | undefined} */ heading) {
  if (heading && !isNamed(field)) {
    field.setAttribute("aria-label", heading.textContent?.trim() ?? "");
  }
}

/** Headings and cells of a row stand one to one. */
function headingIndex(/** @type {Element} */ cell) {
  return [...(cell.parentElement?.children ?? [])].indexOf(cell);
}

// Django's own scripts build some of these after the page has loaded, and rows come at a press.
new MutationObserver(nameFields).observe(document.body, { childList: true, subtree: true });
nameFields();
