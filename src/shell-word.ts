/** What shells take as it is; on Windows paths are written with backslashes, which they leave alone there. */
const plain = process.platform === "win32" ? /^[\w.,/:=+\\~-]+$/ : /^[\w.,/:=+-]+$/;

/** A word of a command line that is shown to be copied, for a POSIX shell or PowerShell: names of files may hold blanks. */
export const shellWord = (word: string) => (plain.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
