/**
 * URI schemes to which no answer is sent, because the browser or the system handles them itself, or because several
 * programs of others do. Any other scheme may belong to an app (RFC 8252 §7.1). The section asks for a reversed domain
 * name, which many apps do not have: `cursor:`, `vscode:`, `slack:`.
 */
interface Denied {
  readonly why: string;
  /** Complete schemes, separated by spaces. */
  readonly names: string;
  /** Families of schemes. */
  readonly family?: RegExp;
}

const DENIED: readonly Denied[] = [
  {
    why: 'runs a script or shows what the URI itself contains',
    names: 'javascript vbscript livescript mocha jscript data about blob filesystem mhtml view-source wyciwyg srcdoc',
  },
  { why: 'reads a file of the device', names: 'file content jar res mk its ms-its cid mid afp nfs smb' },
  {
    why: 'is for pages and extensions of the browser',
    names: 'chrome edge brave opera vivaldi firefox devtools resource isolated-app read googlechrome googlechromes',
    family: /^(chrome|moz|safari|edge|opera|brave|ms-browser)-|-extension$|^ext\+/,
  },
  {
    why: 'starts a program or a setting of the system',
    names:
      'intent android-app package shell hcp help search search-ms applescript prefs app-prefs odopen onenote-cmd ' +
      'usercpl ldap ldaps rlogin telnet tn3270 ssh vnc rdp jnlp jnlps shortcuts workflow x-web-search',
    family: /^(ms|x-help|x-man|android|microsoft|windows)-|^x-apple/,
  },
  { why: 'opens a shop', names: 'market itunes macappstore macappstores', family: /^itms/ },
  {
    why: 'is handled by the program that the person chose for it, which any program or page can be',
    // HTML Living Standard §8.9.2.1: those that a page may ask the browser to handle, and `web+…`.
    names:
      'bitcoin ftp ftps geo im irc ircs magnet mailto matrix mms news nntp openpgp4fpr sftp sip sips sms smsto tel urn ' +
      'webcal wtai xmpp callto facetime facetime-audio feed gopher git svn dav davs tftp',
    family: /^web\+/,
  },
  { why: 'is a connection and no page', names: 'ws wss stun stuns turn turns rtsp rtmp' },
  { why: 'looks like a website and is none', names: '', family: /^http./ },
  { why: 'is a host: put http:// before it', names: 'localhost' },
  { why: 'is a drive of the device', names: '', family: /^[a-z]$/ },
];

/**
 * @param scheme in lower case, without the colon
 * @returns why no answer is sent to such a URI; undefined when it may be an app's own
 */
export function schemeProblem(scheme: string): string | undefined {
  return DENIED.find(({ names, family }) => names.split(' ').includes(scheme) || family?.test(scheme))?.why;
}
