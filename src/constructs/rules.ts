export * from '../rules';
export * from './validation/rules';
