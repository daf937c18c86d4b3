import { setPassword, setPasswordPage } from '../link_page.ts';

/** A forgotten password is set anew. */
export default setPasswordPage({
  purpose: 'reset_password',
  run: (context, fields) => setPassword(context, fields, 'reset_link'),
});
