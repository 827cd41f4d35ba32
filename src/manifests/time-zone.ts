import { remembered } from '../memo';

/** Whether the IANA time zone database has a zone of that name, with these capitals: they are files, and `europe/berlin` is none. */
export const isTimeZone = remembered((name: string): boolean => {
  if (!/^(?![A-Z]{3,}\/)[A-Z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
});
