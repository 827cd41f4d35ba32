import { crontabFault, cronTextFault } from '../../src/celery/crontab';

test.each([
  'hour=0', 'hour=23, minute=59', 'minute="*/5"', 'minute=\'*\', hour=\'*/30\'', '0, 8, "mon-fri"', 'day_of_week="sun"', 'day_of_week="monday,wed"', 'day_of_week="sat-mon"', 'month_of_year="jan"',
  'day_of_month="1-7,15-21"', 'hour="22-4"', 'hour="8-17/2"', 'hour="5, 6"', 'hour=HOUR', 'hour=settings.HOUR', 'hour=[8, 99]', 'hour=f"{x}"', 'hour="{x}".format(x=24)', '', 'nowfun=now, minute=5',
  'minute="00"', 'day_of_week="mon/2"',
])('crontab(%s) is right', (args) => expect(crontabFault(args)).toBeUndefined());

test.each([
  ['hour=24', 'hour=24', '0 to 23'], ['minute=60', 'minute=60', '0 to 59'], ['minute=0, hour=24', 'hour=24', '0 to 23'], ['0, 24', 'hour=24', '0 to 23'], ['hour=-1', 'hour=-1', '0 to 23'],
  ['day_of_week=7', 'day_of_week=7', '0 to 6, or a name such as mon'], ['day_of_week="mo"', 'day_of_week="mo"', '0 to 6, or a name such as mon'], ['day_of_month=0', 'day_of_month=0', '1 to 31'],
  ['day_of_month="L"', 'day_of_month="L"', '1 to 31'], ['month_of_year=13', 'month_of_year=13', '1 to 12, or a name such as jan'], ['hour="0-24"', 'hour="0-24"', '0 to 23'], ['hour="*/0"', 'hour="*/0"', '0 to 23'],
  ['hour=""', 'hour=""', '0 to 23'], ['minute="1,70"', 'minute="1,70"', '0 to 59'], ['hour="1-"', 'hour="1-"', '0 to 23'], ['hour="5/2"', 'hour="5/2"', '0 to 23'], ['hour="a"', 'hour="a"', '0 to 23'],
])('crontab(%s) is refused', (args, value, allowed) => expect(crontabFault(args)).toEqual({ value, allowed }));

test.each(['0 3 * * *', '*/5 8-17 * * mon-fri', '0 0 1 1 0', '0 0 31 12 6'])('crontab.from_string("%s") is right', (text) => expect(cronTextFault(text)).toBeUndefined());

test.each([
  ['75 2 * * *', 'minute="75"', '0 to 59'], ['0 24 * * *', 'hour="24"', '0 to 23'], ['0 0 32 * *', 'day_of_month="32"', '1 to 31'], ['0 0 * 13 *', 'month_of_year="13"', '1 to 12, or a name such as jan'],
  ['0 0 * * 7', 'day_of_week="7"', '0 to 6, or a name such as mon'], ['0 3 * *', '"0 3 * *"', 'five fields with one blank between two of them'],
  ['0  3 * * *', '"0  3 * * *"', 'five fields with one blank between two of them'], ['@daily', '"@daily"', 'five fields with one blank between two of them'],
])('crontab.from_string("%s") is refused', (text, value, allowed) => expect(cronTextFault(text)).toEqual({ value, allowed }));
