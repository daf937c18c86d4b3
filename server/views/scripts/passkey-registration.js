// Adds a passkey (WebAuthn). Without a script or without WebAuthn the form stays hidden and a sentence says why.
const canAdd =
  typeof globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON === 'function' &&
  typeof PublicKeyCredential.prototype.toJSON === 'function';

for (const form of canAdd ? document.querySelectorAll('[data-passkey-options]') : []) {
  const response = form.querySelector('input[name=response]');
  const button = form.querySelector('button');
  const unused = form.querySelector('[data-unused]');
  const known = form.querySelector('[data-known]');
  let isAsking = false;

  form.addEventListener('submit', async (event) => {
    if (response.value !== '') return; // the browser's answer is in: send it
    event.preventDefault();
    if (isAsking) return;
    isAsking = true;
    unused.hidden = true;
    known.hidden = true;
    try {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(form.dataset.passkeyOptions));
      const credential = await navigator.credentials.create({ publicKey });
      response.value = JSON.stringify(credential.toJSON());
      form.requestSubmit(button);
    } catch (error) {
      // WebAuthn L3 §5.1.3: the authenticator already has one of the excluded credentials.
      (error.name === 'InvalidStateError' ? known : unused).hidden = false;
    } finally {
      isAsking = false;
    }
  });

  form.hidden = false;
  for (const sentence of document.querySelectorAll('[data-no-passkeys]')) sentence.hidden = true;
}
