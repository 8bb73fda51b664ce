/** One dialog for everything that asks before it acts; its fields come from a table. */

import { byId, h, setText } from "../../lib/dom.js";
import { openDialog } from "../../lib/dialog.js";
import { Problem } from "../../lib/http.js";
import { t } from "../../lib/text.js";

const free = (options) => options.filter((choice) => !choice.why);

function boxes(name, options, values) {
  return options.map((choice, at) => {
    const box = h("input", { type: "checkbox", id: `field-${name}-${at}`, name, value: choice.value });
    /** @type {HTMLInputElement} */ (box).checked = values.includes(choice.value);
    return h("label", { class: "switch", for: `field-${name}-${at}` }, box, choice.label);
  });
}

/** What may not be chosen, by the reason why. */
function closed(options) {
  const reasons = new Set(options.map((choice) => choice.why).filter(Boolean));
  return [...reasons].map((why) => h("p", { class: "many-closed" }, h("strong", null, why), h("span", { class: "muted" }, options.filter((choice) => choice.why === why).map((choice) => choice.label).join(", "))));
}

/** @param {import("../verbs.js").Field} field */
function control(field, options, value) {
  const id = `field-${field.name}`;
  const common = { id, name: field.name, required: field.required, "aria-describedby": `${id}-error` };
  if (field.type === "area") {
    const area = h("textarea", { ...common, maxlength: 2000 });
    /** @type {HTMLTextAreaElement} */ (area).value = value ?? "";
    return area;
  }
  if (field.type === "choice") {
    const select = /** @type {HTMLSelectElement} */ (h("select", common, ...options.map((choice) => h("option", { value: choice.value }, choice.label))));
    if (!field.required || options.length !== 1) {
      select.prepend(h("option", { value: "" }, field.required ? t("Choose") : t("Not stated")));
    }
    select.value = value ?? (field.required && options.length === 1 ? options[0].value : "");
    return select;
  }
  if (field.type === "many") {
    return h("fieldset", { id, class: "many", "aria-labelledby": `${id}-label`, "aria-describedby": `${id}-error` }, ...boxes(field.name, free(options), value ?? []), ...closed(options));
  }
  if (field.type === "number") {
    return h("input", { ...common, type: "number", step: "any", value: value ?? "" });
  }
  return h("input", { ...common, type: "text", autocomplete: "off", maxlength: 200, value: value ?? "" });
}

function fieldBox(field, options, value) {
  const id = `field-${field.name}`;
  const error = h("span", { class: "field-error", id: `${id}-error`, role: "alert" });
  const wide = field.wide ? "field field-wide" : "field";
  if (field.type === "check") {
    const box = h("input", { type: "checkbox", id, name: field.name });
    /** @type {HTMLInputElement} */ (box).checked = Boolean(value);
    return h("div", { class: wide }, h("label", { class: "switch", for: id }, box, field.label), error);
  }
  if (field.type === "many") {
    return h("div", { class: wide }, h("span", { class: "label", id: `${id}-label` }, field.label), control(field, options, value), field.hint && h("span", { class: "field-hint" }, field.hint), error);
  }
  return h("div", { class: wide }, h("label", { for: id }, field.label), control(field, options, value), field.hint && h("span", { class: "field-hint" }, field.hint), error);
}

function read(form, fields) {
  const values = {};
  for (const field of fields) {
    const input = form.elements.namedItem(field.name);
    if (field.type === "check") {
      values[field.name] = input.checked;
    } else if (field.type === "many") {
      values[field.name] = chosen(form, field.name);
    } else if (input.value.trim() !== "") {
      values[field.name] = field.type === "number" ? Number(input.value) : input.value.trim();
    }
  }
  return values;
}

function chosen(form, name) {
  return [...form.querySelectorAll(`input[name="${name}"]:checked`)].map((box) => box.value);
}

function showErrors(form, fields, problem) {
  for (const field of fields) {
    const reasons = problem?.fields?.[field.name] ?? (field.name in { lon: 1, lat: 1 } ? problem?.fields?.[`place.${field.name}`] : undefined);
    setText(byId(`field-${field.name}-error`), reasons?.join(" ") ?? "");
    const input = byId(`field-${field.name}`);
    input.toggleAttribute("aria-invalid", false);
    if (reasons) {
      input.setAttribute("aria-invalid", "true");
    }
  }
  const known = fields.some((field) => problem?.fields?.[field.name]);
  setText(byId("verb-error"), problem && !known ? problem.message : "");
}

/**
 * Ask, then act; stays open with the reasons when the server refuses.
 * @param {object} question
 * @param {string} question.title
 * @param {string} [question.about]
 * @param {string} question.submit
 * @param {import("../verbs.js").Field[]} question.fields
 * @param {Record<string, {value: string, label: string, why?: string}[]>} question.tables
 * @param {Record<string, any>} [question.values]
 * @param {(values: Record<string, any>) => Promise<void>} question.act
 */
export function ask({ title, about = "", submit, fields, tables, values = {}, act }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("verb-dialog"));
  const form = /** @type {HTMLFormElement} */ (byId("verb-form"));
  setText(byId("verb-title"), title);
  setText(byId("verb-about"), about);
  setText(byId("verb-error"), "");
  setText(byId("verb-submit"), submit);
  byId("verb-about").hidden = !about;
  byId("verb-fields").replaceChildren(...fields.map((field) => fieldBox(field, tables[field.choices ?? ""] ?? [], values[field.name])));
  const isHopeless = fields.some((field) => field.type === "many" && field.required && free(tables[field.choices ?? ""] ?? []).length === 0);
  /** @type {HTMLButtonElement} */ (byId("verb-submit")).disabled = isHopeless;
  form.onsubmit = async (event) => {
    event.preventDefault();
    const button = /** @type {HTMLButtonElement} */ (byId("verb-submit"));
    button.disabled = true;
    try {
      await act(read(form, fields));
      dialog.close();
    } catch (error) {
      showErrors(form, fields, error instanceof Problem ? error : new Problem(0, "unknown", String(error)));
    } finally {
      button.disabled = false;
    }
  };
  const first = /** @type {HTMLElement | null} */ (byId("verb-fields").querySelector("select, input, textarea"));
  openDialog(dialog, first ?? byId("verb-submit"));
}
