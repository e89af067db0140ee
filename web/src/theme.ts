/** Kept on this device. */
const place = "uflow-theme";

document.documentElement.dataset.theme = localStorage.getItem(place) ?? "";

/** Light for a bright hall, dark for a dark room; what the device prefers until it is chosen here. */
export function toggleTheme(): void {
  const { theme } = document.documentElement.dataset;
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem(place, document.documentElement.dataset.theme);
}
