import { syntaxFault } from '../../src/manifests/python-syntax';

test.each<[string, string, number, string]>([
  ['an open bracket', 'a = (1,\nb = 2\n', 1, '( is not closed'],
  ['a bracket that nothing opens', 'a = 1\nb = 2)\n', 2, 'nothing opens the )'],
  ['another bracket than the open one', 'a = [1, 2)\n', 1, ') closes a ['],
  ['an open string', 'a = \'b\nc = 1\n', 1, 'the string is not closed'],
  ['an open string of several lines', 'a = 1\nb = """c\n', 2, 'the string is not closed'],
  ['an open formatted string', 'a = f"b\n', 1, 'the string is not closed'],
  ['a first line with an indentation', '  a = 1\n', 1, 'nothing begins a block before this indentation'],
  ['an indentation without a block', 'a = 1\n  b = 2\n', 2, 'nothing begins a block before this indentation'],
  ['a block without an indentation', 'if a:\nb = 2\n', 2, 'no block follows the colon of the line before'],
  ['a block without lines', 'if a:\n  # b\n', 2, 'no block follows the colon'],
  ['an indentation of no block', 'if a:\n    b = 2\n  c = 3\n', 3, 'its indentation is that of no block'],
  ['tabs and blanks', 'if a:\n\tb = 2\n        c = 3\n', 3, 'its indentation mixes tabs and blanks'],
  ['a deeper block with fewer characters', 'if a:\n  if b:\n\tc = 3\n', 3, 'its indentation mixes tabs and blanks'],
  ['a merge conflict', 'a = 1\n<<<<<<< HEAD\nb = 2\n=======\nb = 3\n>>>>>>> other\n', 2, 'it has the marks of a merge conflict'],
  ['a merge conflict in a list', 'a = [\n<<<<<<< HEAD\n1,\n=======\n2,\n>>>>>>> other\n]\n', 2, 'it has the marks of a merge conflict'],
  ['print without brackets', 'if a:\n    print "b"\n', 2, 'print is a function of Python 3'],
  ['print of a name', 'print a\n', 1, 'print is a function of Python 3'],
])('%s is found', (_what, code, line, what) => {
  expect(syntaxFault(code)).toMatchObject({ line, what });
});

test.each<[string, string]>([
  ['nothing', ''],
  ['brackets over lines', 'a = (\n1,\n  2,\n)\n'],
  ['brackets in strings and comments', 'a = ")"  # (\nb = """\n(\n"""\n'],
  ['escaped quotes', 'a = \'it\\\'s\'\nb = "\\\\"\n'],
  ['a string that goes on', 'a = "b\\\nc"\n'],
  ['a line that goes on', 'a = 1 + \\\n    2\n'],
  ['a comment with an indentation', 'a = 1\n    # b\nc = 2\n'],
  ['blocks', 'if a:\n    if b:\n        c\n    d\ne\n'],
  ['a block with tabs', 'if a:\n\tif b:\n\t\tc\n\td\n'],
  ['a block on one line', 'if a: b = 1\nc = 2\n'],
  ['a colon in brackets', 'a = b[1:\n  2]\nc = {\n  1:\n  2}\n'],
  ['formatted strings', 'a = f"{b[\'c\']} {{ {d!r:>{e}}"\n'],
  ['the quotes of Python 3.12 in one', 'a = f"{b["c"]} {"{"}"\n'],
  ['a raw string that ends with its quote', 'a = r"\\d"\nb = rb\'\\\'\'\n'],
  ['print with brackets', 'print ("a")\nprint\nprint >= 1\nprint if a else b\n'],
  ['ends of lines of Windows', 'if a:\r\n    b = (1,\r\n  2)\r\nc = 1\r\n'],
  ['a template', '{% if a %}\n  b = 1\n{% endif %}\n'],
  ['a variable of a template', 'a = ${B}\n  c = (\n'],
  ['a name of another script', 'größe = 1\n'],
])('%s is taken', (_what, code) => {
  expect(syntaxFault(code)).toBeUndefined();
});
