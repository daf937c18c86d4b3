// Signs in by a passkey (WebAuthn). Without a script or without WebAuthn the button stays hidden, and the rest of the page
// works.
const canUse =
  typeof globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON === 'function' &&
  typeof PublicKeyCredential.prototype.toJSON === 'function';

for (const field of canUse ? document.querySelectorAll('[data-passkey]') : []) {
  const button = field.querySelector('button');
  const assertion = field.querySelector('input[name=assertion]');
  const unused = field.querySelector('[data-unused]');
  const publicKey = () => PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(field.dataset.passkey));
  let waiting = new AbortController();

  const send = (credential) => {
    assertion.value = JSON.stringify(credential.toJSON());
    button.form.requestSubmit(button);
  };

  /** Offers passkeys in the browser's autofill (conditional UI), until another button is pressed. */
  const offer = async () => {
    if (!('conditional' in field.dataset)) return;
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const { signal } = waiting;
    try {
      send(await navigator.credentials.get({ mediation: 'conditional', publicKey: publicKey(), signal }));
    } catch {
      // the person did not choose a passkey
    }
  };

  button.addEventListener('click', async (event) => {
    event.preventDefault();
    waiting.abort(); // browsers take one request at a time
    waiting = new AbortController();
    unused.hidden = true;
    try {
      send(await navigator.credentials.get({ publicKey: publicKey(), signal: waiting.signal }));
    } catch {
      unused.hidden = false;
      void offer();
    }
  });
  field.hidden = false;
  void offer();
}
