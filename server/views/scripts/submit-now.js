// Sends a form that has nothing to ask. Without it there is a button.
document.querySelector('form[data-submit-now]')?.requestSubmit();
