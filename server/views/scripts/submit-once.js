// Sends a form once: a double click would send it twice, and the browser would drop the first response. It is optional:
// the server gives the second request the response of the first.
const SECONDS = 10;
const sent = new WeakSet();

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (sent.has(form)) return event.preventDefault();
  // Another script sends it later.
  if (event.defaultPrevented) return undefined;
  sent.add(form);
  // Not `disabled`: the pressed button's value would then not be sent.
  for (const button of form.querySelectorAll('button')) button.setAttribute('aria-disabled', 'true');
  // When the person stops the page from loading, the form can be sent again.
  setTimeout(() => release(form), SECONDS * 1000);
  return undefined;
});

const release = (form) => {
  sent.delete(form);
  for (const button of form.querySelectorAll('button')) button.removeAttribute('aria-disabled');
};

// A page from the back-forward cache comes back with the state that it had.
addEventListener('pageshow', (event) => {
  if (event.persisted) for (const form of document.forms) release(form);
});
