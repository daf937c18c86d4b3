/** A bcrypt hash, which every format of an import can contain. */
export const BCRYPT = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';

/** A user as Keycloak exports it. */
export const keycloak = (credentialData: object, secretData: object, more: object = {}) => ({
  id: '3c1b4a0e-0000-4000-8000-000000000001',
  createdTimestamp: 1_693_887_631_918,
  username: 'ada',
  enabled: true,
  emailVerified: true,
  firstName: 'Ada',
  lastName: 'Lovelace',
  email: 'ada@example.com',
  credentials: [
    {
      type: 'otp',
      secretData: JSON.stringify({ value: 'aqnK2xAMZhIbHGhqyUMy' }),
      credentialData: JSON.stringify({ subType: 'totp', digits: 6, counter: 0, period: 30, algorithm: 'HmacSHA1' }),
    },
    {
      type: 'password',
      createdDate: 1_693_888_572_700,
      credentialData: JSON.stringify(credentialData),
      secretData: JSON.stringify(secretData),
    },
  ],
  requiredActions: [],
  groups: ['/staff', '/staff/admins'],
  realmRoles: ['editor', 'default-roles-house', 'offline_access', 'uma_authorization'],
  attributes: { locale: ['de'] },
  ...more,
});

/** The credential and secret data of a password that Keycloak has hashed with PBKDF2. */
export const PBKDF2 = [
  { hashIterations: 27_500, algorithm: 'pbkdf2-sha256', additionalParameters: {} },
  { value: 'ng6oDRung/pBLayd5ro7IU3mL/p86pg3WvQNQc+N1Eg=', salt: 'RaXjs4RiUKgJGkX6kp277w==', additionalParameters: {} },
] as const;
