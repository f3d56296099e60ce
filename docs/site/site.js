// Each cell of a table learns the name of its column, which a phone shows before it, and whether there is anything in it.
for (const table of document.querySelectorAll("article table.docutils")) {
  const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
  for (const row of table.querySelectorAll("tbody tr")) {
    [...row.cells].forEach((cell, place) => {
      if (names[place]) cell.setAttribute("data-column", names[place]);
      if (!cell.textContent.trim()) cell.setAttribute("data-empty", "");
    });
  }
}
