import type { Requirement } from './requirement.ts';

/** OWASP ASVS 5.0.0, V6 Authentication, sections V6.1 to V6.4. */
export const ASVS_PASSWORDS: readonly Requirement[] = [
  {
    id: 'V6.1.1',
    asks: 'the documentation says how guessing is stopped, how that is configured, and why nobody can lock others out',
    verdict: 'met',
    how: 'The section says what is counted, the default numbers, the settings, and why a stranger cannot lock out the owner.',
    page: 'security.md#guessing-passwords-and-codes',
    tests: {
      'security/lockout_of_the_owner.test.ts': [
        '… wrong passwords from as many addresses never stop the owner on a known browser',
      ],
    },
  },
  {
    id: 'V6.1.2',
    asks: 'words of the organisation that passwords must not use are documented',
    verdict: 'met',
    how: 'The words are the name of the site, the host of the issuer and its parts, and the data of the person.',
    page: 'security.md#words-that-make-a-password-easy-to-guess',
  },
  {
    id: 'V6.1.3',
    asks: 'all ways to sign in are documented, with their strength and their controls',
    verdict: 'met',
    how: 'The table has every way to sign in, what it proves, and what limits guesses there.',
    page: 'security.md#ways-to-sign-in',
  },
  {
    id: 'V6.2.1',
    asks: 'passwords have at least 8 characters; 15 are recommended',
    verdict: 'met',
    how: 'The policy complex asks for 12 characters, nist for 15.',
    tests: {
      'accounts/policy.test.ts': [
        'refuses every password that breaks a pattern, and accepts those that keep all (property)',
        '… breaks …',
      ],
    },
  },
  {
    id: 'V6.2.2',
    asks: 'people can change their password',
    verdict: 'met',
    how: 'The page is /account/password.',
    tests: { 'flows/account_credentials.test.ts': ['is changed; the new one signs in and the old one does not'] },
  },
  {
    id: 'V6.2.3',
    asks: 'a change of the password asks for the current one and the new one',
    verdict: 'met',
    how: 'The page is open for five minutes after a sign-in with all factors of the account, so a person with a password enters it first; after that the new one is asked for.',
    tests: {
      'security/page_guards.test.ts': [
        'a page for a fresh sign-in sends a person with an older one to sign in again, any other does not',
      ],
      'security/factor_removed_without_step_up.test.ts': [
        'cannot be changed more than five minutes after a sign-in with both factors',
      ],
    },
  },
  {
    id: 'V6.2.4',
    asks: 'new passwords are compared with at least the 3,000 most common ones',
    verdict: 'met',
    how: 'An estimator with lists of leaked passwords, words and names refuses what takes fewer than ten thousand million guesses, at registration and at each change.',
    tests: {
      'accounts/policy.test.ts': [
        '… is guessable',
        'a common word stays guessable in any case, in leet and with a digit at its end (property)',
      ],
      'flows/sign_up.test.ts': ['a name of several lines and a weak password are refused, and the link stays valid'],
      'flows/account_credentials.test.ts': ['is refused with the rule that it breaks'],
    },
  },
  {
    id: 'V6.2.5',
    asks: 'passwords of any composition are accepted',
    verdict: 'by setting',
    how: 'CARDEA_PASSWORD_POLICY=nist has no rules of composition. The default, complex, asks for four kinds of characters, as many organisations still demand.',
    tests: { 'accounts/policy.test.ts': ['… breaks …'] },
  },
  {
    id: 'V6.2.6',
    asks: 'inputs of passwords hide what is typed',
    verdict: 'met',
    how: 'Every input of a password has type=password; a button shows the new password until the form is sent.',
    tests: {
      'views/templates.test.ts': [
        'inputs of passwords are hidden, and open to pasting and password managers (ASVS 6.2.6, 6.2.7)',
      ],
    },
  },
  {
    id: 'V6.2.7',
    asks: 'pasting and password managers are allowed',
    verdict: 'met',
    how: 'Inputs have the autocomplete words that password managers read, and no script listens to pasting.',
    tests: {
      'views/templates.test.ts': [
        'inputs of passwords are hidden, and open to pasting and password managers (ASVS 6.2.6, 6.2.7)',
      ],
    },
  },
  {
    id: 'V6.2.8',
    asks: 'the password is verified exactly as it was received',
    verdict: 'partly',
    how: 'Nothing is cut off and no case is changed, but new passwords are hashed in the Unicode form NFKC, as NIST SP 800-63B-4 §3.1.1.2 asks for, so that two keyboards that send one letter in two forms both work.',
    tests: {
      'accounts/passwords.test.ts': [
        'verify character by character',
        'are equal in all Unicode forms that keyboards send (SP 800-63B-4 §3.1.1.2)',
        'that were hashed as typed verify as typed',
      ],
    },
  },
  {
    id: 'V6.2.9',
    asks: 'passwords of 64 characters are accepted',
    verdict: 'met',
    how: 'A password may have 256 characters.',
    tests: {
      'accounts/policy.test.ts': ['… breaks …'],
      'accounts/passwords.test.ts': ['that are empty or too long are refused before hashing'],
    },
  },
  {
    id: 'V6.2.10',
    asks: 'passwords do not expire by age',
    verdict: 'met',
    how: 'They do not unless an operator sets CARDEA_PASSWORD_MAX_AGE.',
    tests: {
      'flows/expired_password.test.ts': [
        'a password is not asked for before it is too old, or when its age is unknown',
      ],
    },
  },
  {
    id: 'V6.2.11',
    asks: 'the documented words are used to refuse passwords',
    verdict: 'met',
    how: 'Words of the person are refused by the policy complex; words of the person and of the site add nothing to the strength of a password in both policies.',
    tests: { 'accounts/policy.test.ts': ['words of the person and of the deployment add nothing'] },
  },
  {
    id: 'V6.2.12',
    asks: 'new passwords are compared with breached ones',
    verdict: 'by setting',
    how: 'CARDEA_PASSWORD_BLOCKLIST names the list of Have I Been Pwned or another one, which is too large to be part of the package; without it, only the most common breached passwords are refused.',
    tests: {
      'cli/passwords.test.ts': ['is built from a list, and then refuses the passwords on the list'],
      'accounts/blocklist.test.ts': [
        'is built from SHA-1 digests with or without counts, as Have I Been Pwned publishes them',
      ],
    },
  },
  {
    id: 'V6.3.1',
    asks: 'credential stuffing and guessing are stopped as documented',
    verdict: 'met',
    how: 'An account allows three wrong guesses in a lock period over any addresses, spellings, browsers and nodes, and an address a limited number of failures a minute.',
    tests: {
      'security/lockout_over_nodes.test.ts': [
        'of 30 parallel guesses on two nodes three are verified, and the right one among the others is refused',
      ],
      'security/lockout_aliasing.test.ts': [
        'case, Unicode form, white space, e-mail address and username are counted together',
      ],
      'security/forwarded_for.test.ts': ['behind a trusted proxy each forwarded address has its own count'],
      'security/counter_lost_by_rollback.test.ts': ['a guess counts when its request fails afterwards'],
    },
  },
  {
    id: 'V6.3.2',
    asks: 'there are no default accounts',
    verdict: 'met',
    how: 'The demo account exists only where issuer and listening address are loopback, and a public server refuses to start with it.',
    tests: {
      'cli/production.test.ts': ['a database that holds demo data is refused until the data is removed'],
      'security/development_on_a_public_issuer.test.ts': ['…: the page of unsent mails and the demo do not exist'],
    },
  },
  {
    id: 'V6.3.3',
    asks: 'several factors are required; for level 3 one of them is hardware that resists phishing',
    verdict: 'by setting',
    how: 'CARDEA_SECOND_FACTOR=required, or CARDEA_SECOND_FACTOR_GROUPS, or a setting of an app requires two factors. Level 3 is not met: there is no setting that accepts passkeys alone, or only those of hardware.',
    tests: {
      'flows/second_factor_policy.test.ts': [
        'required of all: everybody sets one up during the sign-in, under the configured name',
        'required of all: cancelling does not avoid it',
      ],
      'security/mfa_skipped.test.ts': ['a person with a second factor has to use it, for an app of …'],
    },
  },
  {
    id: 'V6.3.4',
    asks: 'there is no undocumented way to sign in, and all are equally strong',
    verdict: 'met',
    how: 'A lock and a required second factor apply on each of them.',
    page: 'security.md#ways-to-sign-in',
    tests: {
      'security/lockout_on_every_pathway.test.ts': [
        'a locked account cannot sign in by …',
        'wrong guesses by … lock the account',
      ],
      'security/policy_reduced.test.ts': ['…: a sign-in with one factor has to be repeated, with every kind of token'],
    },
  },
  {
    id: 'V6.3.5',
    asks: 'people are told of suspicious sign-ins',
    verdict: 'met',
    how: 'A mail tells of a sign-in in a new browser, of a lock, of a right password without the second factor, and of a passkey whose counter decreases.',
    tests: {
      'flows/notices.test.ts': [
        'a sign-in in a new browser is reported, but not in the first one or in a known one',
        'a lock is reported once, and not at all for an address without an account',
        'a right password without the second factor is reported once an hour, and not when the second factor follows (ASVS 6.3.5)',
      ],
      'flows/second_factor.test.ts': [
        'a passkey whose counter decreases is refused, logged and reported to the person',
      ],
    },
  },
  {
    id: 'V6.3.6',
    asks: 'e-mail is no factor',
    verdict: 'met',
    how: 'No mailed link signs anybody in or replaces a second factor.',
    tests: {
      'security/mailed_proof.test.ts': [
        'a reset link works in any browser, names the account, gives no session and replaces no second factor',
      ],
    },
  },
  {
    id: 'V6.3.7',
    asks: 'people are told of changes of what they sign in with',
    verdict: 'met',
    how: 'Changes of password, e-mail address, username, second factors and passkeys are mailed and are events at /account/events.',
    tests: {
      'accounts/password_change.test.ts': [
        'by …: ends sessions and a lock, and tells the person by an event and a mail',
      ],
      'flows/sign_up.test.ts': ['a person changes the address: the link goes to the new one, and both are notified'],
      'admin/users.test.ts': [
        'a new username is an event and a mail; the same one is neither',
        'a new e-mail address is not verified, is told at both addresses, and gets a link; links to the old one end',
      ],
      'admin/user_credentials.test.ts': [
        'one factor or all are removed, with sessions, an event and a mail for each kind',
      ],
      'flows/account_credentials.test.ts': [
        'an authenticator app is set up with a code, gives recovery codes, and can be removed',
      ],
    },
  },
  {
    id: 'V6.3.8',
    asks: 'no answer tells whether an account exists',
    verdict: 'met',
    how: 'Content, statements and time are the same for accounts that exist and those that do not. SECURITY.md names the three exceptions.',
    tests: {
      'security/enumeration_by_answer.test.ts': [
        'the response is the same, byte by byte, for an unknown, locked, disabled or passwordless account and a wrong password',
      ],
      'security/enumeration_by_reset.test.ts': [
        '…: the response and the statements are the same for known and unknown addresses',
        '…: the time is the same',
      ],
      'performance/enumeration_by_time.test.ts': [
        '…: unknown, locked, disabled, passwordless and existing take the same time',
      ],
    },
  },
  {
    id: 'V6.4.1',
    asks: 'initial passwords and activation codes are random, expire, and do not stay',
    verdict: 'met',
    how: 'An invitation is a random link for seven days, behind which the person chooses a password. A password that an operator chooses for a person opens one sign-in, during which the person has to choose another one that differs from it, also when they sign in by a passkey; the operator has to ask for a password that stays (`--keep-password`).',
    tests: {
      'accounts/links.test.ts': [
        'each link lives as long as its purpose allows, and is then removed',
        'a link is used in the transaction of its action, or not at all',
      ],
      'flows/expired_password.test.ts': [
        'a password that an operator chose is changed at the first sign-in, whatever its age',
        'a sign-in by a passkey ends such a password as well, and asks for no new one that is only too old',
      ],
      'admin/user_credentials.test.ts': [
        'the person has to change a password that an operator chose, unless the operator says otherwise',
      ],
      'flows/sign_up.test.ts': ['an invited person chooses a password, which confirms the address'],
    },
  },
  {
    id: 'V6.4.2',
    asks: 'there are no password hints and secret questions',
    verdict: 'met',
    how: 'There are none: the catalogue of what is stored about people has no such column.',
    tests: {
      'platform/personal_data.test.ts': ['every column of the schema is personal data, or is known to be none'],
    },
  },
  {
    id: 'V6.4.3',
    asks: 'a forgotten password is replaced without a way around the second factor',
    verdict: 'met',
    how: 'The mailed link sets the password, and the next sign-in asks for the second factor as before.',
    tests: {
      'flows/reset.test.ts': [
        'a person who forgot the password gets a link, sets a new password, and signs in with it',
      ],
      'security/mailed_proof.test.ts': [
        'a reset link works in any browser, names the account, gives no session and replaces no second factor',
      ],
      'security/second_factor_guesses.test.ts': [
        'a new password, by mail or at /account, gives no further guess at a code',
      ],
    },
  },
  {
    id: 'V6.4.4',
    asks: 'a lost factor is replaced after a proof of identity as strong as that at the enrolment',
    verdict: 'of the operator',
    how: 'A recovery code replaces a lost factor. Without one, an operator runs `cardea users reset-factors` after checking who asks, for which the operator needs a procedure; the person gets a mail.',
    tests: {
      'flows/second_factor.test.ts': ['a recovery code works in its place, once, and is a security event'],
      'cli/factors.test.ts': [
        'reset-factors removes all factors, ends sessions and locks, and sends the person a mail',
      ],
    },
  },
  {
    id: 'V6.4.5',
    asks: 'people are reminded before an authentication method expires',
    verdict: 'not applicable',
    how: 'No factor of a person expires. With CARDEA_PASSWORD_MAX_AGE the person chooses a new password at the next sign-in and is never shut out.',
    tests: { 'flows/expired_password.test.ts': ['a new one is asked for and checked, then the sign-in continues'] },
  },
  {
    id: 'V6.4.6',
    asks: 'administrators can start a reset of a password, but not choose the password',
    verdict: 'partly',
    how: 'An operator with the permission credentials:write can set a password, which ends the sessions of the person, mails them, is in the audit, and has to be changed at the next sign-in, unless the operator says that it stays. The operator could use that sign-in. Give operators who need not do that a role without this permission, and let people use /account/forgot.',
    tests: {
      'admin/user_credentials.test.ts': [
        'a new password ends sessions and a lock, and is an event and a mail; the audit has no word of the password',
      ],
    },
  },
];
