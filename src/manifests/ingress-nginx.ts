/** The annotations of ingress-nginx begin with it. */
export const NGINX = 'nginx.ingress.kubernetes.io/';

/** The Secret with the users, and whether each of its keys is one. */
export const AUTH_SECRET = `${NGINX}auth-secret`;
export const AUTH_SECRET_TYPE = `${NGINX}auth-secret-type`;
