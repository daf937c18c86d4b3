// Copies and prints recovery codes. Without it the person can write them down.
for (const actions of document.querySelectorAll('[data-codes]')) {
  const list = document.getElementById(actions.dataset.codes);
  const copied = actions.querySelector('[data-copied]');
  actions.querySelector('[data-print]').addEventListener('click', () => window.print());
  actions.querySelector('[data-copy]').addEventListener('click', async () => {
    const codes = [...list.querySelectorAll('code')].map((code) => code.textContent);
    await navigator.clipboard.writeText(`${codes.join('\n')}\n`);
    copied.textContent = copied.dataset.copied;
  });
  actions.hidden = false;
}
