// What the worker imports is there in its runtime alone.
export const AuthorizationError: any;
export const OAuthAuthorizationServer: any;
