// Applies the reader's choice before anything is painted.
try {
  const { dataset } = document.documentElement;
  const theme = localStorage.getItem("theme");
  if (theme === "dark" || theme === "light") dataset.theme = theme;
  if (localStorage.getItem("palette") === "blue-orange") {
    dataset.palette = "blue-orange";
  }
} catch {
  // Storage may be forbidden: the system's preference holds.
}
