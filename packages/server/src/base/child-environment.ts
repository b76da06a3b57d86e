/** Where things are, and the language. No secrets: not even names of settings. */
const inherited = (
  "PATH HOME USERPROFILE LANG LANGUAGE LC_ALL LC_CTYPE TZ TMPDIR TMP TEMP SystemRoot SystemDrive windir " +
  "LD_LIBRARY_PATH LD_PRELOAD DYLD_LIBRARY_PATH DYLD_FALLBACK_LIBRARY_PATH MALLOC_ARENA_MAX"
).split(" ");

/** What a process that works on what comes from outside may know of the environment. */
export function childEnvironment(own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(inherited.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])));
}
