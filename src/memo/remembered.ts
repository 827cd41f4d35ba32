/** More answers than any input that is not made to fill memory asks for. */
const MOST = 4096;

/** A pure function of strings that keeps its answers: manifests ask the same few questions thousands of times. */
export function remembered<Args extends readonly string[], Value>(make: (...args: Args) => Value): (...args: Args) => Value {
  const answers = new Map<string, Value>();
  return (...args) => {
    const question = args.join('\0');
    let answer = answers.get(question);
    if (answer === undefined) {
      answer = make(...args);
      if (answers.size >= MOST) answers.clear();
      answers.set(question, answer);
    }
    return answer;
  };
}
