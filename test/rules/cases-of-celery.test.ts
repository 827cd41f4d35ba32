import { SUBJECTS, testCases } from './case-tests';

testCases(SUBJECTS.celery);
