/**
 * A text for `command`, `args` or the value of a variable, so that the process gets it as it was given.
 *
 * The kubelet expands `$(NAME)`, makes `$` of `$$`, and takes the byte after any other `$` for a character of its own. `$$` for each `$`
 * is safe from all three.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/third_party/forked/golang/expansion/expand.go
 */
export function asGiven(text: string): string {
  return text.replaceAll('$', '$$$$');
}
