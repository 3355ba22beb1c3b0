package main

import "strings"

// documents returns texts whose structure is what readers disagree on.
func documents() []string {
	deep := func(open, end string, levels int) string {
		return strings.Repeat(open, levels) + "x" + strings.Repeat(end, levels)
	}
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for letter := 'b'; letter <= 'h'; letter++ {
		above := " *" + string(letter-1)
		bomb += string(letter) + ": &" + string(letter) + " [" + strings.Repeat(above+",", 8) + above + "]\n"
	}
	return append(written, bomb, deep("[", "]", 128), deep("{a: ", "}", 128), deep("- ", "", 128), deep("[", "]", 129), deep("- ", "", 129), "a: "+strings.Repeat("x ", 2000),
		strings.Repeat("k", 1000)+": v", strings.Repeat("k", 1030)+": v", "'"+strings.Repeat("k", 1030)+"': v", "{"+strings.Repeat("k", 1030)+": v}")
}

var written = []string{
	"", "\n", " ", "\t", "#", "# c\n", "---", "---\n", "---\n---\n", "...", "...\n", "---\n...\n", "--- a\n", "--- {a: 1}\n", "--- |\n  a\n", "--- # c\na: 1\n", "---\ta: 1\n", "---a: 1\n",
	"a: 1\n---\nb: 2\n", "a: 1\n--- \nb: 2\n", "a: 1\n---\n---\nb: 2", "a: 1\n...\nb: 2\n", "a: 1\n---\n...\n", "a: 1\n---\n# c\n\n...\n", "a\n...\n...\n", "# c\n...\n", "# c\n\ufeff", "a: 1\n...\n---\nb: 2\n", "a: 1\n... # c\n", "a: 1\n...\n", "a: 1\n---\n# c\n", "# c\n---\na: 1", "a: 1\n--- # c\nb: 2", "a: 1\n---b\n",
	"a: |\n  ---\n  b\n", "a: |\n---\nb: 1\n", "a: '\n---\n'\n", "a: 'x\n  ---\n  y'\n", "---\r\na: 1\r\n---\r\nb: 2\r\n", "a: 1\n---\n[1]\n", "a: 1\n---\nx\n", "a: 1\n---\na: 1\na: 2\n",
	"%YAML 1.1\n---\na: 1\n", "%YAML 1.2\n---\na: 1\n", "%TAG ! tag:x,2000:\n---\na: !b 1\n", "%FOO\n---\na: 1\n", "%YAML 1.1\na: 1\n", " %a\n", "a: %b\n",
	"\ufeffa: 1\n", "\ufeff---\na: 1\n", "a: 1\n\ufeff", "a: 1\n---\n\ufeffb: 2\n", "\ufeff", "a: \ufeffb\n", "\ufeff# c\na: 1\n",
	"a: 1\na: 2\n", "a: 1\n'a': 2\n", "a: {b: 1, b: 2}\n", "{a: 1, a: 2}\n", "- a: 1\n  a: 2\n", "a: 1\nb: 2\na: 3\n", "? a\n: 1\n? a\n: 2\n", "y: 1\nyes: 2\n", "y: 1\ntrue: 2\n", "1: a\n0x1: b\n", "1.0: a\n1.00: b\n", "a:\na:\n",
	"x: &b {k: 1, l: 2}\ny: {<<: *b}\n", "x: &b {k: 1, l: 2}\ny: {<<: *b, m: 3}\n", "x: &b {k: 1}\ny: {<<: *b, k: 3}\n", "x: &b {k: 1}\ny: {k: 3, <<: *b}\n", "x: &b {k: 1}\nz: &c {l: 2}\ny: {<<: [*b, *c]}\n",
	"x: &b {k: 1}\nz: &c {k: 2}\ny: {<<: [*b, *c]}\n", "y: {<<: {a: 1}}\n", "y: {<<: [{a: 1}, {b: 2}]}\n", "y: {<<: 1}\n", "y: {<<: [1]}\n", "y: {<<: ~}\n", "y: {<<: []}\n", "y: {<<: {}}\n", "x: &b [1]\ny: {<<: *b}\n", "x: &b 1\ny: {<<: *b}\n",
	"x: &b {k: 1}\ny: {'<<': *b}\n", "x: &b {k: 1}\ny: {\"<<\": *b}\n", "x: &b {k: 1}\ny: {!!merge <<: *b}\n", "x: &b {k: 1}\ny: {!!str <<: *b}\n", "x: &b {k: 1}\ny: {! <<: *b}\n", "x: &b {k: 1}\ny: {<<: *b, <<: *b}\n",
	"x: &b {k: 1}\nz: &c {l: 1}\ny: {<<: *b, <<: *c}\n", "x: &b {k: 1}\nz: &c {<<: *b, l: 2}\ny: {<<: *c}\n", "x: &b {k: {m: 1}}\ny: {<<: *b}\nz: *b\n", "x: &b {k: 1}\n<<: *b\n", "- <<\n", "a: <<\n", "<<\n", "[<<: {a: 1}]\n", "<<: {<<: {a: 1}}\n",
	"a: &b 1\nc: *b\n", "a: *b\n", "a: &b [*b]\n", "a: &b {c: *b}\n", "&a a: 1\nb: *a\n", "a: &b x\n*b : 1\n", "a: &b x\n*b: 1\n", "a: &b 1\nc: &b 2\nd: *b\n", "a: &b [1]\nc: *b\nd: *b\n", "a: &b\nc: *b\n", "- &a a\n- &a b\n- *a\n",
	"a: &b {c: 1}\n---\nd: *b\n", "a: &b 1\n*b : 2\n", "a: &b [x]\n*b : 2\n", "a: &b-c_1 1\nd: *b-c_1\n", "a: &b.c 1\nd: *b.c\n", "a: &é 1\n", "a: & 1\n", "a: * b\n", "&a\n", "&a\n- b\n", "&a {b: *a}\n", "a: &b !!str 1\nc: *b\n", "a: !!str &b 1\nc: *b\n",
	"[1]: a\n", "{1: a}: b\n", "? [1]\n: a\n", "? {a: 1}\n: b\n", "? a\n", "? a\n? b\n", "? |\n  a\n: b\n", "?\n: a\n", ": a\n", "~: a\n", "null: a\n", "'': a\n", "!!null '': a\n", "{~: a}\n", "{? : a}\n", "? - a\n: b\n", "!!binary aGk=: x\n",
	"1: a\n", "-1: a\n", "1.5: a\n", "1e3: a\n", "1e6: a\n", "1e7: a\n", "1.0: a\n", "100000.0: a\n", "1234567.5: a\n", "0.1: a\n", "0.0001: a\n", "0.00001: a\n", "0.30000000000000004: a\n", "1e39: a\n", "-1e39: a\n", ".inf: a\n", "-.inf: a\n", ".nan: a\n", "-0.0: a\n",
	"18446744073709551615: a\n", "9223372036854775807: a\n", "9223372036854775808: a\n", "0x1F: a\n", "0644: a\n", "y: a\n", "n: a\n", "true: a\n", "2024-01-01: a\n", "16777217.0: a\n", "123456789.0: a\n", "3.4028235677973366e38: a\n", "1e-46: a\n", "1.17549435e-38: a\n",
	"a:\n  b: 1\n c: 2\n", "a:\n  b: 1\n   c: 2\n", "a: 1\n b: 2\n", " a: 1\nb: 2\n", " a: 1\n b: 2\n", "a:\n- 1\n- 2\n", "a:\n - 1\n- 2\n", "a:\n- 1\nb: 2\n", "- 1\n-2\n", "- - - 1\n", "- a: 1\n  b: 2\n", "- a: 1\n b: 2\n", "-\n  a: 1\n", "-\n- 1\n", "-a: 1\n", "a: - 1\n", "a: - b\n", "- a:\n  - 1\n",
	"a: b: c\n", "a: 'b': c\n", "a: \"b\": c\n", "a:b\n", "a :b\n", "a : b\n", "a :\n", "a:\tb\n", "a:\t1\n", "a\t: b\n", "\ta: b\n", "a:\n\tb: 1\n", "a:\n  \tb: 1\n", "a: b\t\n", "a: 1\t# c\n", "a: [1,\t2]\n", "a: [\n\t1]\n", "- \ta\n", "-\ta\n", "?\ta\n:\tb\n", "a:\n  - b\n\t- c\n", "a: b\n\tc\n", "a: {b:\t1}\n", "{\n\ta: 1\n}\n", "\t\n", "a: 1\n\t\n", "a: 1\n\t# c\n", "a: |\n\tb\n", "a: |\n  \tb\n", "a: \"b\n\tc\"\n", "a: 'b\n\tc'\n", "\t# c\na: 1\n", "a:\t|\n  b\n", "a: |\t\n  b\n",
	"a: b\n  c\n", "a: b\n c\n\n d\n", "a: b\nc\n", "a: b\n  c: d\n", "a: 'b\n\n  c'\n", "a: \"b\\\n  c\"\n", "a: \"b\n  c\"\n", "a: \"b\nc\"\n", "a: 'b\nc'\n", "a: \"b \\\n   c\"\n", "a: b # c\n  d\n", "a: b\n  # c\n  d\n", "a: b\n# c\nd: e\n", "a\n", "a\nb\n", "a\nb: c\n", "'a\nb': c\n", "? a\n  b\n: c\n",
	"a: |\n  b\n  c\n", "a: |-\n  b\n\n", "a: |+\n  b\n\n", "a: >\n  b\n  c\n\n  d\n", "a: >-\n  b\n   c\n  d\n", "a: |2\n    b\n", "a: |1\n b\n", "a: |0\n b\n", "a: |10\n b\n", "a: |-2\n   b\n", "a: |2-\n   b\n", "a: |--\n b\n", "a: | # c\n b\n", "a: |# c\n b\n", "a: |b\n c\n", "a: |\n", "a: |\nb: 1\n", "a: |\n\n\n  b\n", "a: |\n    b\n  c\n", "a: |\n  b\n c\n", "a: |\n   \n  b\n", "a: |\n  b\n  # c\n", "a: |\n  b\n# c\n", "a: >\n\n  b\n", "- |\n b\n- >\n c\n", "|\n a\n", "a: |\n  b", "a: |-\n  b", "a: |+\n  b", "a: |\n  b\r\n  c\r\n", "a: >+\n  b\n\n\nc: 1\n", "a: >\n  b\n\n    c\n\n  d\n", "a: |3\n  b\n", "a: !!str |\n  1\n", "a: !!int |\n  1\n", "a: !!int |-\n  1\n", "a: &x |\n  1\nb: *x\n",
	"a: 1\r\nb: 2\r\n", "a: 1\rb: 2\r", "a: 'b\r\n  c'\r\n", "a: b\u0085c: d\n", "a: b\u2028c: d\n", "a: b\u2029c: d\n", "a: 'b\u0085  c'\n", "a: 'b\u2028  c'\n", "a: |\n  b\u0085  c\n", "a: |\n  b\u2028  c\n", "a: \"\u0085\"\n", "a: \u00a0b\n", "a: b\u00a0\n", "\u00a0a: b\n", "a:\u00a0b\n", "a:\u0085 b\n", "a: \x00b\n", "a: \x01\n", "a: \x1b\n", "a: \x7f\n", "a: \u0080\n", "a: \u009f\n", "a: \u00ad\n", "a: \ufffd\n", "a: \ufffe\n", "a: \uffff\n", "a: \U0010ffff\n", "a: \"\x01\"\n", "# \x01\na: 1\n", "# \u0085a: 1\n", "a: b#\u2028c\n",
	"[]\n", "{}\n", "[a\n, b]\n", "[a, b\n]\n", "a: [\nb]\n", "a: [\n  b,\n  c\n]\n", "a: {\n  b: 1\n}\n", "a: {\nb: 1\n}\n", "a:\n  {b: 1,\n c: 2}\n", "[a b, c\n d]\n", "{a b: c}\n", "{a\n: b}\n", "{a:\n b}\n", "{'a'\n: b}\n", "{\"a\" : b}\n", "{a : b}\n", "{a, b: c}\n", "[{a: 1}, [b]]\n", "[a: 1, b: 2]\n", "[a: 1\n]\n", "[[a]: b]\n", "[a, # c\n b]\n", "[a#b]\n", "[a #b\n]\n", "[a]b\n", "[a] b\n", "[a]: b\n", "{a: 1}: b\n", "[a]]\n", "[a}\n", "{a]\n", "[a\n", "{a: 1\n", "a: ]\n", "a: [}\n", "a, b: c\n", "a: b, c\n", "a: {b}c\n", "{a: 'b', 'c'}\n", "{a: [b, {c: d}]}\n", "[a,\n  b]: c\n", "{a: b,}\n", "{a: b,,}\n", "[\"a\":b]\n", "['a':1]\n", "[a: ]\n", "[: a]\n", "[:a]\n", "[a:]\n", "{a:}\n", "{a:,b: 1}\n", "[a:,b]\n", "{:a: 1}\n", "[::]\n", "{a?: 1}\n", "{?a: 1}\n", "[a?b]\n", "{a-b: -c}\n", "[-1]\n", "[--]\n", "[---]\n", "[|]\n", "[|a]\n", "[> a]\n", "[%a]\n", "[@a]\n", "[a@b]\n", "{a: b%}\n", "[!!str 1, !!int '2']\n", "[!!str]\n", "[!!str, a]\n", "{!!str : a}\n", "{!!str a : b}\n", "[&a b, *a]\n", "[&a , *a]\n", "{&a b: *a}\n", "{*a : b}\n",
	"a: @b\n", "a: `b\n", "a: %b\n", "a: !b\n", "a: !b c\n", "a: !!b c\n", "a: !<b> c\n", "a: !<b c\n", "a: !b!c d\n", "a: !b%20c d\n", "a: !b%zz d\n", "a: !b{c d\n", "a: !b,c d\n", "a: !b[c d\n", "!a b: c\n", "!!map\na: 1\n", "!!seq\n- 1\n", "!a\n", "a: !\n", "a: ! b\n", "a: ! '1'\n", "a: !!str\n", "a: !!int\n", "a: !!null\n", "a: !!float\n", "a: !!binary\n", "a: !!binary |\n  aGVs\n  bG8=\n", "a: !!binary \"aGk=\"\n", "a: !!binary a-b_\n", "a: !!binary []\n", "a: !!set {x, y}\n", "a: !!omap\n- b: 1\n", "a: !!pairs [b: 1]\n", "a: !!python/name:os.system\n", "a: !!int [1]\n", "!!int 1: a\n", "!!bool y: a\n", "!!float 1: a\n", "!!str y: a\n", "!!float 1: a\n1: b\n",
	"a: 1 # c", "a: 1# c\n", "a: '1'# c\n", "a: \"1\"#c\n", "a: [1]# c\n", "a: # c\n  b\n", "a: #c\n", "# a: 1\n", "a: |#\n b\n", "a: b #\n", "- # c\n  a\n", "a: 'b' # c\n", "a: 'b' c\n", "a: 'b'c\n", "a: \"b\" \"c\"\n", "'a' : b\n", "'a':b\n", "\"a\":b\n", "'a':\n", "a'b: c\n", "a\"b: c\n", "a: b'c\n", "a: 'b\n", "a: \"b\n", "a: '''b'\n", "a: ''\n", "a: '''\n", "a: \"\\\"\n", "a: \"\\x\"\n", "a: \"\\'\"\n", "a: 1\n---#c\nb: 2\n", "a: 1\u0085---\nb: 2\n", "1: a\n'1': b\n", ".nan: a\n.nan: b\n", "a: \"\\u12\"\n", "a: \"\\r\\t\\b\\a\\v\\f\\e\"\n",
	"x", "1", "~", "y", "'y'", "[y]", "- y\n- n\n", "a: {y: n}\n", "a: y\nb: 'y'\nc: \"y\"\nd: |-\n  y\ne: >-\n  y\n", "on:\n  push:\n", "a: on\nb: off\n", "NO: no\n", "a: 0644\nb: '0644'\nc: 0o644\n", "a: 1e3\nb: '1e3'\n", "a: 5e-1\n", "image: x:1.10\nversion: 1.10\n", "a: 12e03\n", "a: 1_000\n", "port: 08080\n", "mac: 00:11:22:33:44:55\n", "sha: 1234567e8\n", "sha: 0e12345\n", "cron: * * * * *\n", "cron: '* * * * *'\n", "path: C:\\x\n", "a: =\n", "a: =b\n", "=: a\n",
}

var manifests = []string{
	"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {b: c}\ndata:\n  d: |\n    e: f\n    g\n  h: \"i\"\n",
	"a:\n- b: 1\n  c: [x, y]\n- d: 'e'\n  f: {g: h}\nk: v # c\n",
	"a: &b {c: 1, d: [2, 3]}\ne: *b\nf:\n  <<: *b\n  g: on\n",
	"- >\n  a\n  b\n\n  c\n- |-\n  d\n- e: !!str 1\n  ? f\n  : g\n",
	"# c\n---\na: 1.50\nb: 0x1F\nc: ~\n---\nd: y\ne: 1e3\n...\n",
	"{\"a\": [1, 2.5, true, null, \"b\\u00e9\"], \"c\": {\"d\": {}}}\n",
	"a: 'b ''c'' d'\ne: \"f\\tg \\\n  h\"\ni:\n    j:\n  \n      k: l\n",
	"spec:\n  template:\n    spec:\n      containers:\n      - name: a\n        args: [\"--x=y\", --z, 1]\n        env:\n        - {name: B, value: \"on\"}\n",
}
