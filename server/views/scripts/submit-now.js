// Sends a form without inputs at once. Without a script the person presses its button.
const form = document.querySelector('form[data-submit-now]');
// A field of that name would hide the method.
if (form) HTMLFormElement.prototype.requestSubmit.call(form);
