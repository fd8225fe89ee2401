// Tables whose columns sort when their heads are clicked, and a search over their rows. Without it all stands there, unsorted.
for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  heads.forEach((head, column) => {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: head.textContent });
    button.onclick = () => {
      const up = head.getAttribute('aria-sort') === 'descending' ? 1 : -1;
      for (const each of heads) each.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', up > 0 ? 'ascending' : 'descending');
      const rows = [...body.rows].sort((a, b) => up * value(a, column).localeCompare(value(b, column), undefined, { numeric: true }));
      body.append(...rows);
    };
    head.replaceChildren(button);
  });
}
for (const search of document.querySelectorAll('input[data-searches]')) {
  const body = document.getElementById(search.dataset.searches).tBodies[0], place = search.closest('p');
  place.hidden = false;
  search.oninput = () => {
    const wanted = search.value.toLowerCase();
    for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    place.querySelector('output').textContent = `${[...body.rows].filter(row => !row.hidden).length} of ${body.rows.length}`;
  };
  search.oninput();
}
