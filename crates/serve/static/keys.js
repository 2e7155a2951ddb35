// Keys for lists: j and k go from line to line, Enter opens one, / looks for text. Every page works without.
const lines = [...document.querySelectorAll('[data-lines] [data-open]')];
let at = -1;

const lineOf = (link) => link.closest('tr, li');

const go = (to) => {
  if (lines.length === 0) return;
  if (at >= 0) lineOf(lines[at]).classList.remove('at');
  at = Math.max(0, Math.min(lines.length - 1, to));
  lineOf(lines[at]).classList.add('at');
  lines[at].focus({ preventScroll: true });
  lineOf(lines[at]).scrollIntoView({ block: 'nearest' });
};

const typing = (target) => target.matches('input, select, textarea');

document.addEventListener('keydown', (event) => {
  const { key, target } = event;
  if (key === 'Enter' && (event.ctrlKey || event.metaKey) && target.matches('textarea')) {
    target.form.requestSubmit();
    return;
  }
  if (key === 'Escape' && typing(target)) {
    target.blur();
    return;
  }
  if (typing(target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (key === 'j') go(at + 1);
  else if (key === 'k') go(at < 0 ? 0 : at - 1);
  else if (key === '/') {
    const field = document.querySelector('#text, #query');
    if (!field) return;
    field.focus();
    field.select();
  } else return;
  event.preventDefault();
});

// A line that was reached by the mouse or by Tab is the one that j and k go on from.
document.addEventListener('focusin', ({ target }) => {
  const found = lines.indexOf(target);
  if (found < 0 || found === at) return;
  if (at >= 0) lineOf(lines[at]).classList.remove('at');
  at = found;
  lineOf(lines[at]).classList.add('at');
});
