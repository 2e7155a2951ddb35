// Lists that can be sifted by text, and tables that can be sorted too. The page reads without it.
for (const list of document.querySelectorAll('[data-sift]')) {
  const table = list.matches('table');
  const place = table ? list.tBodies[0] : list;
  const lines = [...place.children];
  const texts = lines.map((line) => line.textContent.toLowerCase());

  const label = document.createElement('label');
  const field = document.createElement('input');
  const said = document.createElement('span');
  label.className = 'sift';
  field.type = 'search';
  said.setAttribute('role', 'status');
  label.append(`Only ${list.dataset.sift} with`, field, said);
  (list.closest('.scroll') ?? list).before(label);
  field.addEventListener('input', () => {
    const wanted = field.value.trim().toLowerCase();
    let shown = 0;
    lines.forEach((line, i) => {
      line.hidden = !texts[i].includes(wanted);
      shown += line.hidden ? 0 : 1;
    });
    said.textContent = wanted ? `${shown} of ${lines.length}` : '';
  });
  if (!table) continue;

  const heads = [...list.tHead.rows[0].cells];
  // What a cell says, without the label that it has on a phone.
  const saidBy = (cell) =>
    [...cell.childNodes]
      .filter((node) => !node.classList?.contains('label'))
      .map((node) => node.textContent)
      .join('')
      .trim();
  const number = (text) => Number.parseFloat(text.replaceAll(',', ''));
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'sort';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const way = head.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', way > 0 ? 'ascending' : 'descending');
      const keyed = lines.map((line) => [saidBy(line.cells[column]), line]);
      // A time begins with a number too, but sorts as the text that it is.
      const numbers = keyed.every(([key]) => key === '' || (!Number.isNaN(number(key)) && !/^\d{4}-\d\d-/.test(key)));
      const order = (a, b) => (numbers ? (number(a) || 0) - (number(b) || 0) : a.localeCompare(b));
      keyed.sort(([a], [b]) => way * order(a, b));
      place.append(...keyed.map(([, line]) => line));
    });
  });
}
