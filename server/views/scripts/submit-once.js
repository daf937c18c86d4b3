// Sends a form once: a double click would send it twice, and the browser would forget the first answer. The server
// answers a second one as it answered the first, so this spares it the work; pages do without.
const SECONDS = 10;
const sent = new WeakSet();

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (sent.has(form)) return event.preventDefault();
  // Another script has something to do before it is sent.
  if (event.defaultPrevented) return undefined;
  sent.add(form);
  // Not `disabled`: the button that was pressed would not be sent along.
  for (const button of form.querySelectorAll('button')) button.setAttribute('aria-disabled', 'true');
  // When the person stops the page from loading, the form can be sent again.
  setTimeout(() => release(form), SECONDS * 1000);
  return undefined;
});

const release = (form) => {
  sent.delete(form);
  for (const button of form.querySelectorAll('button')) button.removeAttribute('aria-disabled');
};

// A page that the browser has kept comes back as it was left.
addEventListener('pageshow', (event) => {
  if (event.persisted) for (const form of document.forms) release(form);
});
