import { remembered } from '../memo';

/** Whether the IANA time zone database has a zone of that name. */
export const isTimeZone = remembered((name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
});
