// Sends a form without inputs at once. Without a script the person presses its button.
document.querySelector('form[data-submit-now]')?.requestSubmit();
