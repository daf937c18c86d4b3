// Marks the rules of a new password while it is typed, and can show the password. It is optional: the server checks all
// rules when the form is sent, and some rules only the server can check.
for (const field of document.querySelectorAll('[data-new-password]')) {
  const input = field.querySelector('input');
  const rules = [...field.querySelectorAll('[data-rule]')];
  const summary = field.querySelector('[data-summary]');
  const reveal = field.querySelector('[data-reveal]');

  const isMet = ({ dataset }, password) => {
    const length = [...password].length;
    if (dataset.minimum !== undefined) return length >= Number(dataset.minimum);
    if (dataset.maximum !== undefined) return length <= Number(dataset.maximum);
    return new RegExp(dataset.pattern, 'u').test(password);
  };
  const isLive = ({ dataset }) => ['minimum', 'maximum', 'pattern'].some((name) => dataset[name] !== undefined);

  const mark = () => {
    const live = rules.filter(isLive);
    let met = 0;
    for (const rule of rules) {
      const state = !isLive(rule) || input.value === '' ? 'open' : isMet(rule, input.value) ? 'met' : 'failed';
      rule.dataset.state = state;
      rule.querySelector('[data-words]').textContent = rule.dataset[`words${state[0].toUpperCase()}${state.slice(1)}`];
      if (rule.dataset.quiet !== undefined) rule.hidden = state !== 'failed';
      if (state === 'met') met += 1;
    }
    input.removeAttribute('aria-invalid'); // that was about another password
    const text = summary.dataset.summary.replace('{met}', String(met)).replace('{total}', String(live.length));
    summary.textContent = input.value === '' ? '' : text;
  };

  input.addEventListener('input', mark);
  if (input.value !== '') mark(); // a browser may fill in what was typed before

  reveal.hidden = false;
  reveal.addEventListener('click', () => {
    const isShown = input.type === 'password';
    input.type = isShown ? 'text' : 'password';
    reveal.setAttribute('aria-pressed', String(isShown));
  });
  // A shown password is a text input, which the browser would otherwise remember.
  input.form?.addEventListener('submit', () => {
    input.type = 'password';
  });
}
