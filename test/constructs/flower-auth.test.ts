import { CeleryFlower, FlowerAuth } from '../../src';
import { celeryApp } from '../fixtures';
import { render, synth } from '../manifests';

test('none: no login', () => {
  const manifests = synth((chart) => new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), auth: FlowerAuth.none() }));
  expect(Object.keys(manifests.env('celery-flower')).filter((name) => name.startsWith('FLOWER_'))).toEqual([]);
});

test('none is the default', () => {
  const flower = (auth?: FlowerAuth) => render((chart) => new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), auth }));
  expect(flower()).toBe(flower(FlowerAuth.none()));
});

test('basic: users and passwords come from the Secret, and stand in no manifest', () => {
  const manifests = synth((chart) => {
    new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), auth: FlowerAuth.basic({ name: 'login', key: 'users' }) });
  }, ['Secret/login']);
  expect(manifests.env('celery-flower').FLOWER_BASIC_AUTH).toEqual({ secretKeyRef: { name: 'login', key: 'users' } });
});
