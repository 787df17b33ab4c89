// Without it Next takes the outermost folder with a lock file for the application's.
export default { turbopack: { root: import.meta.dirname } };
