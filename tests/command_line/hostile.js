/** What a terminal might obey, or a person be misled by: escapes in both forms, and marks of direction. */
export const hostile = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202eevil\u0000';

/** What may not reach a terminal. */
export const unfit = /[^\n\P{C}]|[\u2028\u2029]/u;
