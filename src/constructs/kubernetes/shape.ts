/**
 * Plain data in the shape of the Kubernetes API: `Shape<k8s.EnvVar>`.
 *
 * To jsii it is `any`, because jsii drops the keys of a dict in a list of structs without an error. The published declarations say
 * `type Shape<T> = T` instead, so TypeScript sees the exact type; every value is checked at synth in any language.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-unused-vars -- see above
export type Shape<_T> = any;
