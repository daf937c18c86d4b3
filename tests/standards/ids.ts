/**
 * How many requirements each section of the standards has, so that no row can be lost. OWASP ASVS 5.0.0, chapters V6 to V10, has
 * 122 (`5.0/docs_en/OWASP_Application_Security_Verification_Standard_5.0.0_en.csv` of OWASP/ASVS).
 */
export const ASVS_SECTIONS: Readonly<Record<string, number>> = {
  'V6.1': 3,
  'V6.2': 12,
  'V6.3': 8,
  'V6.4': 6,
  'V6.5': 8,
  'V6.6': 4,
  'V6.7': 2,
  'V6.8': 4,
  'V7.1': 3,
  'V7.2': 4,
  'V7.3': 2,
  'V7.4': 5,
  'V7.5': 3,
  'V7.6': 2,
  'V8.1': 4,
  'V8.2': 4,
  'V8.3': 3,
  'V8.4': 2,
  'V9.1': 3,
  'V9.2': 4,
  'V10.1': 2,
  'V10.2': 3,
  'V10.3': 5,
  'V10.4': 16,
  'V10.5': 5,
  'V10.6': 2,
  'V10.7': 3,
};
