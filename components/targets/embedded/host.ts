/** Nothing of the embedded target can be reached from another machine. */
export const host = '127.0.0.1';
