/** Modal dialogs: the browser keeps the focus inside and gives it back. */

/**
 * Open a dialog; buttons marked data-close shut it.
 * @param {HTMLDialogElement} dialog
 * @param {HTMLElement | null} [focus] what to focus first
 */
export function openDialog(dialog, focus) {
  if (!dialog.dataset.wired) {
    dialog.dataset.wired = "1";
    for (const button of dialog.querySelectorAll("[data-close]")) {
      button.addEventListener("click", () => dialog.close());
    }
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog && !dialog.querySelector("form")) {
        dialog.close();
      }
    });
  }
  if (!dialog.open) {
    dialog.showModal();
  }
  focus?.focus();
}
