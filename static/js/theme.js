// Sets the theme before the first paint; the console's preferences write the same key.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("controlroom.theme");
  } catch {
    // Storage may be switched off: the dark theme stands.
  }
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  }
})();
