import { setPassword, setPasswordPage } from '../link_page.ts';

/** An invited person sets the first password of their account. */
export default setPasswordPage({
  purpose: 'invitation',
  run: (context, fields) => setPassword(context, fields, 'invitation'),
});
