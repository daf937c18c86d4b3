// snippet
async function check(r) {
  const header = /^bearer ([^ ]+)$/i.exec(r.headersIn.Authorization || '');
  const reply = header && (await r.subrequest('/_introspection', { body: `token=${encodeURIComponent(header[1])}` }));
  if (reply && reply.status !== 200) return r.return(500);
  const token = reply ? JSON.parse(reply.responseText) : { active: false };
  const isForUs = [].concat(token.aud).indexOf(r.variables.audience) !== -1;
  if (token.active && isForUs) r.variables.subject = token.sub;
  r.return(token.active && isForUs ? 204 : 401);
}

export default { check };
// end of the snippet
