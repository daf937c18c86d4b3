import { UserManager } from 'oidc-client-ts';
import { clientId, issuer } from '/settings.js';

// snippet
const users = new UserManager({
  authority: issuer,
  client_id: clientId,
  redirect_uri: `${location.origin}/callback`,
  post_logout_redirect_uri: `${location.origin}/`,
  scope: 'openid profile email',
  loadUserInfo: true,
  revokeTokensOnSignout: true,
});

if (location.pathname === '/callback') {
  await users.signinCallback();
  history.replaceState({}, '', '/');
}

document.querySelector('#sign-in').onclick = () => users.signinRedirect();
document.querySelector('#refresh').onclick = () => users.signinSilent().then(show, show);
document.querySelector('#sign-out').onclick = () => users.signoutRedirect().catch(show);
// end of the snippet

/** Shows the person and the access token, or an error. */
function show(what) {
  const shown = what instanceof Error ? { error: what.message } : { profile: what?.profile, token: what?.access_token };
  document.querySelector('output').textContent = JSON.stringify(shown);
}
show(await users.getUser());
